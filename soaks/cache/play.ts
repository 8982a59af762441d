import type { WorkerSlot } from './worker-slot.ts'

/** A fault that may be played. */
export interface Play {
  readonly fault: string
  readonly weight: number
  /** The only process that suffers; every process when absent. */
  readonly slot?: WorkerSlot
  /** Whether Redis is out of reach during the fault, which is the default. */
  readonly isOfRedis?: boolean
  readonly run: () => Promise<void>
}
