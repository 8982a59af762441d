import { flowNames, type PerFlow, perFlow } from '../flows/flow.ts'
import type { Cell, Figures, Recorder, Shares } from '../generator/recorder.ts'
import { type Slo, type Verdict, verdictOf } from '../slo/slo.ts'
import type { FaultName } from './fault.ts'
import type { PlayedFault } from './timeline.ts'

/** Recovered means: of the requests of a whole second no more fail or are slow than these. */
const [recoveredForMs, toleratedShare] = [1_000, 0.05]

/** A flow in a phase. */
export type FlowPhase = Figures & { readonly slo: Verdict }

/** The time before, during or after a fault. */
export interface Phase {
  readonly flows: PerFlow<FlowPhase>
  /** `broken` when one flow is. */
  readonly slo: Verdict
}

/** A fault that was played, and the requests around it. */
export interface FaultReport {
  readonly fault: FaultName
  readonly atSeconds: number
  readonly forSeconds: number
  /** Time from its end until requests were answered well again; `null` when they never were. */
  readonly recoverSeconds: number | null
  /** Since the recovery from the fault before it. */
  readonly before: Phase
  /** The requests that met the fault, also those that came before it and were not yet answered. */
  readonly during: Phase
  /** Until the next fault, with the recovery. */
  readonly after: Phase
}

/** What phases are made of. */
export interface PhaseOptions {
  readonly recorder: Recorder
  readonly played: readonly PlayedFault[]
  readonly slo: Slo
  /** The end of the load, in milliseconds since it began. */
  readonly endMs: number
}

/** Requests around each fault. */
export class Phases {
  readonly #options: PhaseOptions
  /** A machine that was slow before the first fault is not expected to be fast after one. */
  readonly #tolerated: Shares
  /** The slot from which requests were answered well again, for each fault. */
  readonly #recoveredSlots: readonly (number | undefined)[]

  constructor(options: PhaseOptions) {
    this.#options = options
    const before = options.recorder.shares(({ period }) => period === 0)
    this.#tolerated = {
      failed: Math.max(toleratedShare, before?.failed ?? 0),
      failedOrSlow: Math.max(toleratedShare, before?.failedOrSlow ?? 0),
    }
    this.#recoveredSlots = options.played.map((_, place) => this.#recoveredSlot(place))
  }

  /** Each fault with the requests around it. */
  get faults(): FaultReport[] {
    return this.#options.played.map(({ fault, fromMs, toMs }, place) => ({
      fault,
      atSeconds: rounded(fromMs),
      forSeconds: rounded(toMs - fromMs),
      recoverSeconds: this.#recoverSeconds(place),
      before: this.#phase((cell) => cell.period === 2 * place && this.isQuiet(cell)),
      during: this.#phase(({ period }) => period === 2 * place + 1),
      after: this.#phase(({ period }) => period === 2 * place + 2),
    }))
  }

  /** Whether no fault and no recovery from one concerns the requests of a cell. */
  isQuiet({ period, slot }: Cell): boolean {
    if (period === 0) return true
    return period % 2 === 0 && slot >= (this.#recoveredSlots[period / 2 - 1] ?? Infinity)
  }

  /** The first slot after a fault that begins a good second before anything else happens. */
  #recoveredSlot(place: number): number | undefined {
    const { recorder, played, endMs } = this.#options
    const slotOf = (ms: number): number => Math.floor(ms / recorder.slotMs)
    const slots = Math.ceil(recoveredForMs / recorder.slotMs)
    const lastSlot = slotOf(played[place + 1]?.fromMs ?? endMs) - slots
    for (let first = slotOf(played[place]?.toMs ?? 0); first <= lastSlot; first += 1) {
      const shares = recorder.shares(
        ({ period, slot }) => period === 2 * place + 2 && slot >= first && slot < first + slots,
      )
      if (shares !== undefined && this.#isTolerated(shares)) return first
    }
    return undefined
  }

  #isTolerated({ failed, failedOrSlow }: Shares): boolean {
    return failed <= this.#tolerated.failed && failedOrSlow <= this.#tolerated.failedOrSlow
  }

  #recoverSeconds(place: number): number | null {
    const { recorder, played } = this.#options
    const slot = this.#recoveredSlots[place]
    const toMs = played[place]?.toMs ?? 0
    return slot === undefined ? null : rounded(Math.max(0, slot * recorder.slotMs - toMs))
  }

  #phase(where: (cell: Cell) => boolean): Phase {
    const { recorder, slo } = this.#options
    const flows = perFlow((flow): FlowPhase => {
      const figures = recorder.figures((cell) => cell.flow === flow && where(cell))
      return { ...figures, slo: verdictOf(flow, figures, slo.flows[flow]) }
    })
    return { flows, slo: worst(flowNames.map((flow) => flows[flow].slo)) }
  }
}

/** The verdict on several parts, of which each that was measured has to be met. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('broken')) return 'broken'
  return verdicts.includes('met') ? 'met' : 'unmeasured'
}

function rounded(ms: number): number {
  return Math.round(ms) / 1_000
}
