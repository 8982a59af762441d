// Checks that no read is older than a commit that had returned before it, while every store fails,
// and that the same rig catches other caches serving stale values. With --near each process keeps
// values of its own; with --cluster Redis is a cluster, and sessions are soaked too.
import { failuresOf, soak } from '../run/soak.ts'
import { soakCluster } from './cluster/cluster-soak.ts'
import { soakNear } from './near/near-soak.ts'
import { runSubjects } from './subject-runs.ts'
import { subjectNames } from './subject.ts'

/** Reads a second, as a share of those of a hand-written cache on the same machine. */
const wantedShareOfNaive = 0.1
const subjects = {
  ours: 'headwater',
  controls: subjectNames.filter((name) => name !== 'headwater'),
  longestStopMs: 0,
} as const

await soak(
  async (options) => {
    if (['near', 'cluster'].every((flag) => options.flags.has(flag)))
      throw new RangeError('--near and --cluster are soaks of their own: give one of them')
    if (options.flags.has('near')) return soakNear(options)
    if (options.flags.has('cluster')) return soakCluster(options)
    const { ours, controls, counts, sentences } = await runSubjects(subjects, options)
    const { reads } = ours
    const readsPerSecond = Math.round(reads / options.seconds)
    const wantedReadsPerSecond = (controls['naive']?.readsPerSecond ?? 0) * wantedShareOfNaive
    return {
      summary: { soak: 'cache', reads, readsPerSecond, ...counts, controls },
      failures: failuresOf([
        [
          readsPerSecond < wantedReadsPerSecond,
          `only ${readsPerSecond} reads a second, of ${Math.round(wantedReadsPerSecond)} wanted`,
        ],
        ...sentences,
      ]),
    }
  },
  { seconds: 120, flags: ['near', 'cluster'] },
)
