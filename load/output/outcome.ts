import type { Knee } from '../knee/knee.ts'
import type { LoadReport } from '../load-report.ts'

/** What a command has measured. */
export interface Outcome {
  /** The load; that of the highest rate that held when the knee was looked for. */
  readonly report: LoadReport
  readonly knee?: Knee<LoadReport>
}
