import type { FlowName } from '../flows/flow.ts'
import { Latencies } from './latencies.ts'
import type { Ended } from './open-loop.ts'

/** Figures of some requests. Times are those of the requests that succeeded. */
export interface Figures {
  readonly requests: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly maxMs: number | null
  /** Failed requests by what became of them, as `{ "503": 4, "timeout": 1 }`. */
  readonly errors: Readonly<Record<string, number>>
  readonly errorPercent: number
}

/** Of some requests, those that went badly, as parts of one. */
export interface Shares {
  readonly failed: number
  readonly failedOrSlow: number
}

/** The requests that have the same flow, slot of time and period. */
export interface Cell {
  readonly flow: FlowName
  /** The place of its slot of time among all of equal length, by arrival. */
  readonly slot: number
  /** Even: before, between and after faults; odd: during one of them. */
  readonly period: number
}

interface FilledCell extends Cell {
  readonly latencies: Latencies
  readonly errors: Map<string, number>
  requests: number
  bad: number
}

/** What a recorder needs to know. */
export interface RecorderOptions {
  readonly slotMs: number
  /** Whether so long a time is bad for a flow, though it did succeed. */
  readonly isSlow: (flow: FlowName, latencyMs: number) => boolean
  /** The period of a request that lived from one moment to another. */
  readonly periodOf: (arrivedMs: number, endedMs: number) => number
}

/** Notes what became of requests, by flow, time and period. */
export class Recorder {
  readonly slotMs: number
  readonly #isSlow: RecorderOptions['isSlow']
  readonly #periodOf: RecorderOptions['periodOf']
  readonly #cells = new Map<string, FilledCell>()

  constructor({ slotMs, isSlow, periodOf }: RecorderOptions) {
    this.slotMs = slotMs
    this.#isSlow = isSlow
    this.#periodOf = periodOf
  }

  /** Notes a request that has ended. */
  note({ flow, arrivedMs, endedMs, outcome }: Ended): void {
    const slot = Math.floor(arrivedMs / this.slotMs)
    const cell = this.#cellOf({ flow, slot, period: this.#periodOf(arrivedMs, endedMs) })
    const latencyMs = endedMs - arrivedMs
    cell.requests += 1
    if (outcome === 'ok') cell.latencies.note(latencyMs)
    else cell.errors.set(outcome, (cell.errors.get(outcome) ?? 0) + 1)
    if (outcome !== 'ok' || this.#isSlow(flow, latencyMs)) cell.bad += 1
  }

  /** Figures of the requests in some cells. */
  figures(where: (cell: Cell) => boolean = () => true): Figures {
    const cells = this.#where(where)
    const latencies = new Latencies()
    const errors: Record<string, number> = {}
    for (const cell of cells) {
      latencies.add(cell.latencies)
      for (const [error, count] of cell.errors) errors[error] = (errors[error] ?? 0) + count
    }
    const requests = sum(cells.map((cell) => cell.requests))
    return {
      requests,
      p50Ms: latencies.percentileMs(50),
      p99Ms: latencies.percentileMs(99),
      maxMs: latencies.maxMs,
      errors,
      errorPercent: requests === 0 ? 0 : (100 * sum(Object.values(errors))) / requests,
    }
  }

  /** The shares of requests that went badly; `undefined` when there are no requests. */
  shares(where: (cell: Cell) => boolean): Shares | undefined {
    const cells = this.#where(where)
    const shareOf = (countOf: (cell: FilledCell) => number): number =>
      sum(cells.map(countOf)) / sum(cells.map(({ requests }) => requests))
    if (cells.length === 0) return undefined
    return {
      failed: shareOf(({ errors }) => sum([...errors.values()])),
      failedOrSlow: shareOf(({ bad }) => bad),
    }
  }

  #where(where: (cell: Cell) => boolean): FilledCell[] {
    return [...this.#cells.values()].filter(where)
  }

  #cellOf({ flow, slot, period }: Cell): FilledCell {
    const key = `${flow} ${slot} ${period}`
    const found = this.#cells.get(key)
    if (found !== undefined) return found
    const cell: FilledCell = {
      flow,
      slot,
      period,
      latencies: new Latencies(),
      errors: new Map(),
      requests: 0,
      bad: 0,
    }
    this.#cells.set(key, cell)
    return cell
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
