import type { Clock } from '@headwater/core'
import type { QueryWord } from '../../spelling/query-words.ts'
import type { Corrections } from '../../spelling/spelling.ts'
import type { FusedCourse, RankedCourse } from '../fusion/fuse.ts'
import type { GivenRanking, LegAnswers } from '../fusion/merge-legs.ts'
import type { SimilarityScale } from '../fusion/fuse-by-evidence.ts'
import type { SearchTimings } from './search-explanation.ts'

/** The steps of a search that are timed. */
export type Step = keyof SearchTimings

/** The words that the leg by words asked for. */
export interface AskedWords {
  readonly asked: readonly QueryWord[]
  readonly phrases: readonly string[]
  readonly excluded: readonly string[]
  readonly corrections: Corrections | undefined
  /** The courses that PostgreSQL found, those with too little of the query among them. */
  readonly rows: readonly { readonly id: number; readonly coverage: number }[]
}

/** The notes of one look into the legs; what did not happen is absent. */
export interface LookNotes {
  /** The number of courses that each leg was asked for. */
  depth?: number
  /** The text that was embedded. */
  text?: string
  /** What the index found, whatever its similarity. */
  near?: readonly RankedCourse[]
  scale?: SimilarityScale
  /** The similarity below which the leg by meaning leaves courses out. */
  legFloor?: number
  words?: AskedWords
  /** What the legs found that answered. */
  legs?: LegAnswers
  given?: GivenRanking
  /** The merged ranking, in the order of the reranker where there is one. */
  found?: readonly FusedCourse[]
}

/** What happens during one look into the legs. Only a search that is explained has one. */
export class LookTrace {
  readonly notes: LookNotes = {}
  readonly #clock: Clock
  readonly #times: Map<Step, number>

  constructor(clock: Clock, times: Map<Step, number>) {
    this.#clock = clock
    this.#times = times
  }

  note(notes: LookNotes): void {
    Object.assign(this.notes, notes)
  }

  took(step: Step, ms: number): void {
    this.#times.set(step, (this.#times.get(step) ?? 0) + ms)
  }

  async time<T>(step: Step, work: () => PromiseLike<T>): Promise<T> {
    const startedMs = this.#clock.monotonic()
    try {
      return await work()
    } finally {
      this.took(step, this.#clock.monotonic() - startedMs)
    }
  }
}

/** Times a step of a search that is explained, and does nothing more for any other. */
export function timedStep<T>(
  trace: LookTrace | undefined,
  step: Step,
  work: () => PromiseLike<T>,
): PromiseLike<T> {
  return trace === undefined ? work() : trace.time(step, work)
}
