import { say } from '../run/say.ts'
import { countsLine, type Soak } from '../run/soak.ts'
import { runSoak, type SoakResult, type SoakRun } from './soak-run.ts'
import type { SubjectName } from './subject.ts'

/** Fewer writes or kills prove nothing. */
const leastWritesPerSecond = 2
const secondsPerKill = 20
/** For how long others may not see the commit of a writer without Redis, in milliseconds. */
const blindMs = 1_500

/** The cache that is soaked, and those of which the same rig must catch stale reads. */
export interface Subjects {
  readonly ours: SubjectName
  readonly controls: readonly SubjectName[]
  /** For how long at most a process is stopped: it looks for such commits so much later. */
  readonly longestStopMs: number
  /**
   * Soaks one of them.
   *
   * @defaultValue {@link runSoak}, on one Redis
   */
  readonly run?: (run: SoakRun) => Promise<SoakResult>
}

/** What happened to the subjects. */
export interface SubjectsOutcome {
  readonly ours: SoakResult
  readonly controls: Readonly<Record<string, ControlOutcome>>
  /** The counts of a summary. */
  readonly counts: Readonly<Record<string, number>>
  /** Sentences for {@link failuresOf}. */
  readonly sentences: readonly (readonly [boolean, string])[]
}

interface ControlOutcome {
  readonly staleReads: number
  readonly readsPerSecond: number
  /** Where it is soaked with sessions. */
  readonly endedSessionsFound?: number
}

/** Soaks one cache for the whole time, and then each control for a part of it. */
export async function runSubjects(
  { ours: subject, controls: names, longestStopMs, run = runSoak }: Subjects,
  options: Soak,
): Promise<SubjectsOutcome> {
  const { seconds } = options
  const ours = await soakOne(run, { subject, ...options })
  if (ours.report !== '') say(ours.report)
  const controlSeconds = Math.min(10, Math.max(4, seconds / 10))
  const controls: Record<string, ControlOutcome> = {}
  for (const name of names) {
    const { reads, staleReads, visits } = await soakOne(run, {
      ...options,
      subject: name,
      seconds: controlSeconds,
    })
    controls[name] = {
      staleReads,
      readsPerSecond: Math.round(reads / controlSeconds),
      ...(visits.reads === 0 ? {} : { endedSessionsFound: visits.staleReads }),
    }
  }
  const { writes, kills, staleReads, degradedWrites } = ours
  const maxDegradedStaleMs = Math.round(ours.maxDegradedStaleMs)
  return {
    ours,
    controls,
    counts: { writes, kills, staleReads, degradedWrites, maxDegradedStaleMs },
    sentences: [
      [writes < seconds * leastWritesPerSecond, `only ${writes} writes`],
      [kills < Math.floor(seconds / secondsPerKill), `only ${kills} kills`],
      [staleReads > 0, `${staleReads} stale reads`],
      [
        maxDegradedStaleMs > blindMs + longestStopMs,
        `a degraded read was ${maxDegradedStaleMs} ms old`,
      ],
      ...names.map(
        (name) =>
          [controls[name]?.staleReads === 0, `the rig caught no stale read of ${name}`] as const,
      ),
    ],
  }
}

async function soakOne(
  run: (run: SoakRun) => Promise<SoakResult>,
  { subject, seconds, postgres, redis }: SoakRun,
): Promise<SoakResult> {
  say(`${subject}: ${seconds} s`)
  const result = await run({ subject, seconds, postgres, redis })
  report(result, seconds)
  return result
}

function report(result: SoakResult, seconds: number): void {
  const { reads, writes, kills, failed, staleReads, staleReadsBySight } = result
  const { degradedWrites, degradedReads, maxDegradedStaleMs, near, faults } = result
  say(
    `  ${reads} reads (${Math.round(reads / seconds)} a second), ${writes} writes, ` +
      `${kills} kills, ${failed} failed calls, ${staleReads} stale reads ` +
      `(${staleReadsBySight} when a version counts from its first sighting)`,
  )
  say(
    `  ${degradedWrites} writes without Redis, ${degradedReads} degraded reads, ` +
      `the oldest ${Math.round(maxDegradedStaleMs)} ms`,
  )
  if (near['nearReads'] !== undefined) say(countsLine(Object.entries(near)))
  say(countsLine(Object.entries(faults)))
}
