import { failuresOf, type Soak, type SoakOutcome } from '../../run/soak.ts'
import { runSubjects } from '../subject-runs.ts'
import { nearSubjectNames } from '../subject.ts'
import { pause } from './near-plays.ts'

/** Fewer prove nothing. */
const leastNearReadsPerSecond = 10_000
const subjects = {
  ours: 'headwater near',
  controls: nearSubjectNames.filter((name) => name !== 'headwater near'),
  longestStopMs: pause.mostMs,
} as const

/** Soaks processes that keep values of their own. */
export async function soakNear(options: Soak): Promise<SoakOutcome> {
  const { ours, controls, counts, sentences } = await runSubjects(subjects, options)
  const { nearReads = 0 } = ours.near
  const wanted = options.seconds * leastNearReadsPerSecond
  return {
    summary: { soak: 'cache --near', ...ours.near, ...counts, controls },
    failures: failuresOf([
      [nearReads < wanted, `only ${nearReads} near reads, of ${wanted} wanted`],
      ...sentences,
    ]),
  }
}
