/** Runs together what was asked for in the same tick. */
export class TickBatch<Item, Reply> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Reply[]>
  #items: Item[] = []
  #replies: Promise<readonly Reply[]> | undefined

  /** `run` gives back one reply per item, in order; its rejection is everybody's. */
  constructor(run: (items: readonly Item[]) => Promise<readonly Reply[]>) {
    this.#run = run
  }

  /** Asks for one item. */
  async add(item: Item): Promise<Reply> {
    const index = this.#items.push(item) - 1
    this.#replies ??= new Promise((resolve) =>
      process.nextTick(() => {
        resolve(this.#flush())
      }),
    )
    const replies = await this.#replies
    return replies[index] as Reply
  }

  #flush(): Promise<readonly Reply[]> {
    const items = this.#items
    this.#items = []
    this.#replies = undefined
    return this.#run(items)
  }
}
