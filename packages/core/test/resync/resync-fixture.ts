import type { ResyncFinding, ResyncOptions, ResyncReport } from '@headwater/core'
import { eventually } from '@headwater/testing'

/** The current moment; the next one that is asked for is another. */
export async function moment(): Promise<Date> {
  const now = new Date()
  await eventually(() => Date.now() > now.getTime() + 1)
  return now
}

/** What one part found. */
export function findingsOf(report: ResyncReport, part: string): readonly ResyncFinding[] {
  return report.parts.find((found) => found.part === part)?.findings ?? []
}

/** A restore of this moment, without a margin: the tests tell milliseconds apart. */
export function restoreNow(options: Partial<ResyncOptions> = {}): ResyncOptions {
  const at = new Date()
  return { restoredTo: at, openedAt: at, marginMs: 0, ...options }
}
