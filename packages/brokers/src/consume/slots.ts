/** Lets so many run at a time; others wait in order. */
export class Slots {
  readonly #waiting: { readonly count: number; readonly start: () => void }[] = []
  #free: number

  constructor(count: number) {
    this.#free = count
  }

  /** Runs `work` once so many slots are free: with all of them it runs alone. */
  async run<T>(work: () => Promise<T>, count = 1): Promise<T> {
    await new Promise<void>((start) => {
      this.#waiting.push({ count, start })
      this.#startNext()
    })
    try {
      return await work()
    } finally {
      this.#free += count
      this.#startNext()
    }
  }

  /** Nobody passes those before: who needs all slots gets them. */
  #startNext(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next.count > this.#free) return
      this.#waiting.shift()
      this.#free -= next.count
      next.start()
    }
  }
}
