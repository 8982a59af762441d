/** A change of keys of one cache, until every process that may keep values has dropped them. */
export class Change {
  readonly cache: string
  /** Names it among the changes of this process. */
  readonly number: number
  readonly keys: readonly string[]
  readonly #acknowledged = new Set<string>()
  readonly #dropped = Promise.withResolvers<void>()
  #expected: ReadonlySet<string> | undefined

  constructor(cache: string, number: number, keys: readonly string[]) {
    this.cache = cache
    this.number = number
    this.keys = keys
  }

  /** Number of processes that are waited for and have not acknowledged. */
  get missing(): number {
    return [...(this.#expected ?? [])].filter((process) => !this.#acknowledged.has(process)).length
  }

  /** Resolves once every process has acknowledged, whether early or late. */
  waitFor(processes: ReadonlySet<string>): Promise<void> {
    this.#expected = processes
    this.#settle()
    return this.#dropped.promise
  }

  /** Notes that a process has dropped the values. */
  acknowledge(process: string): void {
    this.#acknowledged.add(process)
    this.#settle()
  }

  /** Whether a process has dropped the values. */
  isAcknowledgedBy(process: string): boolean {
    return this.#acknowledged.has(process)
  }

  #settle(): void {
    if (this.#expected !== undefined && this.missing === 0) this.#dropped.resolve()
  }
}
