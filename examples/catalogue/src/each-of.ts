/** Does the work for every item, `atOnce` at a time; returns the results in the items' order. */
export async function eachOf<Item, Made>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Made>,
): Promise<Made[]> {
  const made = new Array<Made>(items.length)
  const queue = items.entries()
  const workers = Array.from({ length: atOnce }, async () => {
    for (const [at, item] of queue) made[at] = await work(item)
  })
  await Promise.all(workers)
  return made
}
