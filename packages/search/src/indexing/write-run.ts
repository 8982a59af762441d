import type { CallOptions, Clock } from '@headwater/core'
import type { Generation } from './generations.ts'
import type { IndexOutcomes } from './index-outcome.ts'
import type { WriteMemory } from './write-memory.ts'

/** One call of {@link CourseWriter.write}: the outcomes so far, and the caller's limits. */
export interface WriteRun {
  readonly outcomes: IndexOutcomes
  affectsResults: boolean
  readonly deferred: number[]
  readonly options: CallOptions
}

/** Dependencies of the writers of one generation. */
export interface WriterDeps {
  readonly generation: Generation
  readonly memory: WriteMemory
  readonly clock: Clock
}

/** Metadata updates under way at once. */
export const updatesAtOnce = 8
