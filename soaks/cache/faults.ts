import type { Play } from './play.ts'

/** The faults of a run, one after the other. */
export interface Faults {
  /** The first one, where a run has to begin with a certain one. */
  readonly opening?: Play | undefined
  /** The next one. */
  next(): Play
  /** What fails all the time beside them, until the signal. */
  beside?(ending: AbortSignal): Promise<void>
}
