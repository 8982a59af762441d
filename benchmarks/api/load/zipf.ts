/** A source of numbers from 0 up to but not including 1. */
export type Chance = () => number

/** Chance that repeats itself with the same seed (mulberry32). */
export function chanceOf(seed: number): Chance {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Draws ranks from 1 to `count` by Zipf's law: the nth is asked for 1/n as often as the first. */
export function zipf(count: number, chance: Chance): () => number {
  let sum = 0
  const upTo = Array.from({ length: count }, (_, at) => (sum += 1 / (at + 1)))
  return () => {
    const drawn = chance() * sum
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((upTo[middle] ?? 0) > drawn) high = middle
      else low = middle + 1
    }
    return low + 1
  }
}
