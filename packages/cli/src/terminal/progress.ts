import { count, duration } from './words.ts'
import type { Terminal } from './terminal.ts'

/** What a {@link Progress} is about. */
export interface ProgressOptions {
  /** What is done: `indexed`, `compared`. */
  readonly verb: string
  /** What is counted: `courses`. */
  readonly things: string
}

const barWidth = 24
/** A terminal is written to no more often than this, in milliseconds. */
const frameMs = 80
/** Without a terminal and without a known end, a line for so many. */
const linesEach = 10_000

/**
 * Tells how far something is: on a terminal a bar with its rate and the time that is left, written
 * over itself; elsewhere a line for every 10 %.
 */
export class Progress {
  readonly #terminal: Terminal
  readonly #options: ProgressOptions
  readonly #startedMs: number
  #frameAtMs = -Infinity
  #lastStep = 0
  #isShown = false

  constructor(terminal: Terminal, options: ProgressOptions) {
    this.#terminal = terminal
    this.#options = options
    this.#startedMs = terminal.clock.monotonic()
  }

  /** Tells how many are done; `total` is left out where the end is not known. */
  update(done: number, total?: number): void {
    if (this.#terminal.isErrTty) this.#draw(done, total)
    else this.#tell(done, total)
  }

  /** Removes the bar, so that what follows begins a line. */
  end(): void {
    if (this.#isShown) this.#terminal.err('\r\x1b[K')
    this.#isShown = false
  }

  #draw(done: number, total: number | undefined): void {
    const nowMs = this.#terminal.clock.monotonic()
    const isLast = total !== undefined && done >= total
    if (!isLast && nowMs - this.#frameAtMs < frameMs) return
    this.#frameAtMs = nowMs
    this.#isShown = true
    const bar = total === undefined ? '' : `${barOf(done / Math.max(1, total))} `
    const line = bar + this.#words(done, total)
    this.#terminal.err(`\r${line.slice(0, this.#terminal.columns - 1)}\x1b[K`)
  }

  #tell(done: number, total: number | undefined): void {
    const step = total === undefined ? Math.floor(done / linesEach) : tenthsOf(done, total)
    if (step <= this.#lastStep) return
    this.#lastStep = step
    this.#terminal.err(`${this.#words(done, total)}\n`)
  }

  #words(done: number, total: number | undefined): string {
    const { verb, things } = this.#options
    const seconds = (this.#terminal.clock.monotonic() - this.#startedMs) / 1_000
    const rate = seconds > 0 ? done / seconds : 0
    const speed = `${count(rate)}/s`
    if (total === undefined) return `${verb} ${count(done)} ${things}, ${speed}`
    const percent = Math.floor((100 * done) / Math.max(1, total))
    const left =
      done < total && rate > 0 ? `, ${duration(((total - done) / rate) * 1_000)} left` : ''
    return `${percent} % ${verb}: ${count(done)} of ${count(total)} ${things}, ${speed}${left}`
  }
}

function tenthsOf(done: number, total: number): number {
  return Math.floor((10 * done) / Math.max(1, total))
}

function barOf(share: number): string {
  const full = Math.round(Math.min(1, share) * barWidth)
  return '█'.repeat(full) + '░'.repeat(barWidth - full)
}
