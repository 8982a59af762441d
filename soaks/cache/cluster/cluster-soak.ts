import { failuresOf, type Soak, type SoakOutcome } from '../../run/soak.ts'
import { runSoakOn, type SoakResult, type SoakRun } from '../soak-run.ts'
import { runSubjects } from '../subject-runs.ts'
import { startFailingCluster } from './failing-cluster.ts'

/** Small, because six servers of Redis run beside it. */
const crew = { readers: 2, writers: 2, visitors: 2 } as const
/** Fewer prove nothing. */
const leastReadsPerSecond = 100
const leastEndsPerSecond = 0.5
const subjects = {
  ours: 'headwater',
  controls: ['naive'],
  longestStopMs: 0,
  run: runClusterSoak,
} as const

/** Runs readers, writers and visitors on a cluster that fails. */
export function runClusterSoak({
  subject,
  seconds,
  postgres,
}: Omit<SoakRun, 'redis'>): Promise<SoakResult> {
  return runSoakOn({ subject, seconds, postgres, crew, startRedis: startFailingCluster })
}

/** Soaks a cache, and sessions beside it, on three masters with a replica each. */
export async function soakCluster(options: Soak): Promise<SoakOutcome> {
  const { ours, controls, counts, sentences } = await runSubjects(subjects, options)
  const { reads, visits, faults } = ours
  const { seconds } = options
  const endedSessionsFound = visits.staleReads
  return {
    summary: {
      soak: 'cache --cluster',
      reads,
      ...counts,
      sessionReads: visits.reads,
      sessionsEnded: visits.writes,
      endedSessionsFound,
      faults,
      controls,
    },
    failures: failuresOf([
      [reads < seconds * leastReadsPerSecond, `only ${reads} reads`],
      [visits.writes < seconds * leastEndsPerSecond, `only ${visits.writes} sessions ended`],
      [endedSessionsFound > 0, `${endedSessionsFound} sessions were found after their end`],
      [
        (controls['naive']?.endedSessionsFound ?? 0) === 0,
        'the rig caught no session of naive after its end',
      ],
      ...sentences,
    ]),
  }
}
