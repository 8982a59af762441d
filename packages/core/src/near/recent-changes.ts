/** So many keys are remembered; then reads that began earlier keep nothing. */
const mostKeys = 10_000

/**
 * Which keys changed lately. A read notes the {@link RecentChanges.moment} before its first
 * command, and keeps its value only if none of its keys has changed since.
 */
export class RecentChanges {
  readonly #changedAt = new Map<string, number>()
  #moment = 0
  #floor = 0

  /** Rises with every change. */
  get moment(): number {
    return this.#moment
  }

  /** Begins a new moment and returns it. */
  next(): number {
    this.#moment += 1
    return this.#moment
  }

  /** Notes that a key changes now. */
  note(key: string): void {
    if (this.#changedAt.size >= mostKeys) this.noteAll()
    this.#changedAt.set(key, this.next())
  }

  /** Notes that everything may change now. */
  noteAll(): void {
    this.#changedAt.clear()
    this.#floor = this.next()
  }

  /** Whether a key is as it was at a moment. */
  isUnchanged(key: string, since: number): boolean {
    return since >= this.#floor && (this.#changedAt.get(key) ?? 0) <= since
  }
}
