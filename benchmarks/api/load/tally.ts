import { percentile } from '../../measure/percentile.ts'

/** What became of the requests of one round. */
export interface Report {
  readonly answered: number
  /** Time from the first request to the last answer, in milliseconds. */
  readonly tookMs: number
  /** Requests that were refused for now: 429, 5xx, or no answer. */
  readonly refused: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Median in milliseconds of each operation. */
  readonly p50MsOf: Readonly<Record<string, number>>
}

/** Notes answers. */
export class Tally {
  readonly #latenciesMs = new Map<string, number[]>()
  #refused = 0

  /**
   * Notes an answer.
   *
   * @throws Error when the request was wrong, so that nothing was measured.
   */
  note(operation: string, status: number, latencyMs: number): void {
    const isRefused = status === 0 || status === 429 || status >= 500
    if (!isRefused && status >= 300) throw new Error(`${operation} was answered with ${status}`)
    if (isRefused) this.#refused += 1
    const latencies = this.#latenciesMs.get(operation)
    if (latencies === undefined) this.#latenciesMs.set(operation, [latencyMs])
    else latencies.push(latencyMs)
  }

  /** The report so far. */
  report(tookMs: number): Report {
    const all = [...this.#latenciesMs.values()].flat()
    return {
      answered: all.length,
      tookMs,
      refused: this.#refused,
      p50Ms: percentile(all, 0.5),
      p99Ms: percentile(all, 0.99),
      p50MsOf: Object.fromEntries(
        [...this.#latenciesMs].map(([operation, ms]) => [operation, percentile(ms, 0.5)]),
      ),
    }
  }
}
