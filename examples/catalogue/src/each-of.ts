/**
 * Does the work for every item, so many at a time, and gives back what came of it in the items'
 * order. The first failure ends it.
 */
export async function eachOf<Item, Made>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Made>,
): Promise<Made[]> {
  const made = new Array<Made>(items.length)
  const queue = items.entries()
  const workers = Array.from({ length: atOnce }, async () => {
    for (const [place, item] of queue) made[place] = await work(item)
  })
  await Promise.all(workers)
  return made
}
