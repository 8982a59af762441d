/**
 * Work that nobody waits for, so that a benchmark can wait for its end between two rounds. A
 * failure ends the process.
 */
export class Later {
  readonly #pending: Promise<unknown>[] = []

  add(work: Promise<unknown>): void {
    this.#pending.push(work)
  }

  /** Resolves when all of it has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending.splice(0))
  }
}
