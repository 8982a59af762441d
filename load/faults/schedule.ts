import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { type FaultName, faultNames, type PlannedFault } from './fault.ts'

/** Of the time that each fault has by default: when it begins, and how much of it it takes. */
const [beginShare, lengthShare] = [0.4, 0.2]
const longestSeconds = 10
/** Connections are reset, and new ones are welcome at once. */
const cutSeconds = 0.2

const scheduleFile = z.array(
  z.strictObject({
    fault: z.enum(faultNames),
    atSeconds: z.number().min(0),
    forSeconds: z.number().positive(),
  }),
)

/**
 * The schedule of a run: `none`, `default`, or that of a file.
 *
 * @throws RangeError when faults of the file overlap, or the last is not over before the run.
 */
export async function readSchedule(
  choice: string,
  seconds: number,
): Promise<readonly PlannedFault[]> {
  if (choice === 'none') return []
  if (choice === 'default') return defaultSchedule(seconds)
  return checkedSchedule(await readFile(choice, 'utf8'), seconds)
}

/** Every fault once, each in an equal part of the run, which is quiet before and after it. */
export function defaultSchedule(seconds: number): readonly PlannedFault[] {
  const partSeconds = seconds / faultNames.length
  return faultNames.map((fault, place) => ({
    fault,
    atSeconds: rounded((place + beginShare) * partSeconds),
    forSeconds: rounded(Math.min(longestOf(fault), lengthShare * partSeconds)),
  }))
}

/** The schedule of a JSON text. */
export function checkedSchedule(json: string, seconds: number): readonly PlannedFault[] {
  const planned = scheduleFile.parse(JSON.parse(json))
  const ordered = planned.toSorted((one, other) => one.atSeconds - other.atSeconds)
  for (const [place, { fault, atSeconds, forSeconds }] of ordered.entries()) {
    const next = ordered[place + 1]
    const untilSeconds = atSeconds + forSeconds
    if (untilSeconds >= (next?.atSeconds ?? seconds))
      throw new RangeError(
        `${fault} must be over before ${next?.fault ?? 'the end'}: it ends after ${untilSeconds} s`,
      )
  }
  return ordered
}

function longestOf(fault: FaultName): number {
  return fault === 'postgres-cut' ? cutSeconds : longestSeconds
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000
}
