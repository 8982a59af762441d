/**
 * The number of edits that turn one word into the other: a letter added, dropped, replaced or
 * swapped with its neighbour (optimal string alignment). `max + 1` when there are more than `max`.
 * Costs at most the product of the two lengths.
 */
export function editDistance(one: string, other: string, max: number): number {
  const [from, to] = [[...one], [...other]]
  if (Math.abs(from.length - to.length) > max) return max + 1
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1]
      const isSwapped =
        row > 1 &&
        column > 1 &&
        from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1]
      current.push(
        Math.min(
          (last[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (last[column - 1] ?? 0) + (isSame ? 0 : 1),
          isSwapped ? (beforeLast[column - 2] ?? 0) + 1 : Infinity,
        ),
      )
    }
    if (Math.min(...current) > max) return max + 1
    beforeLast = last
    last = current
  }
  return Math.min(last[to.length] ?? 0, max + 1)
}
