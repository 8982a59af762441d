/** Runs items together that were added during the same turn of the event loop. */
export class MicroBatch<Item, Reply> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Reply[]>
  #items: Item[] = []
  #replies: Promise<readonly Reply[]> | undefined

  /** `run` resolves with one reply per item, in order; when it rejects, every `add` rejects. */
  constructor(run: (items: readonly Item[]) => Promise<readonly Reply[]>) {
    this.#run = run
  }

  /** Adds one item to the batch that is about to run, and resolves with its reply. */
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
