// Checks that no read is older than a commit that had returned before it, while every store fails,
// and that the same rig catches other caches serving stale values.
import { say } from '../run/say.ts'
import { countsLine, failuresOf, soak, type Soak } from '../run/soak.ts'
import { runSoak, type SoakResult } from './soak-run.ts'
import { type SubjectName, subjectNames } from './subject.ts'

/** Reads a second, as a share of those of a hand-written cache on the same machine. */
const wantedShareOfNaive = 0.1
/** Fewer writes or kills prove nothing. */
const leastWritesPerSecond = 2
const secondsPerKill = 20
const wantedDegradedStaleMs = 1_500
const controls = subjectNames.filter((name) => name !== 'headwater')

await soak(
  async (options) => {
    const { seconds } = options
    const ours = await run('headwater', options)
    const controlSeconds = Math.min(10, Math.max(4, seconds / 10))
    const theirs: Record<string, { staleReads: number; readsPerSecond: number }> = {}
    for (const name of controls) {
      const { reads, staleReads } = await run(name, { ...options, seconds: controlSeconds })
      theirs[name] = { staleReads, readsPerSecond: Math.round(reads / controlSeconds) }
    }
    const { reads, writes, kills, staleReads, degradedWrites } = ours
    const maxDegradedStaleMs = Math.round(ours.maxDegradedStaleMs)
    const readsPerSecond = Math.round(reads / seconds)
    const wantedReadsPerSecond = (theirs['naive']?.readsPerSecond ?? 0) * wantedShareOfNaive
    return {
      summary: {
        soak: 'cache',
        reads,
        readsPerSecond,
        writes,
        kills,
        staleReads,
        degradedWrites,
        maxDegradedStaleMs,
        controls: theirs,
      },
      failures: failuresOf([
        [
          readsPerSecond < wantedReadsPerSecond,
          `only ${readsPerSecond} reads a second, of ${Math.round(wantedReadsPerSecond)} wanted`,
        ],
        [writes < seconds * leastWritesPerSecond, `only ${writes} writes`],
        [kills < Math.floor(seconds / secondsPerKill), `only ${kills} kills`],
        [staleReads > 0, `${staleReads} stale reads`],
        [
          maxDegradedStaleMs > wantedDegradedStaleMs,
          `a degraded read was ${maxDegradedStaleMs} ms old`,
        ],
        ...controls.map(
          (name) =>
            [theirs[name]?.staleReads === 0, `the rig caught no stale read of ${name}`] as const,
        ),
      ]),
    }
  },
  { seconds: 120 },
)

async function run(subject: SubjectName, options: Soak): Promise<SoakResult> {
  say(`${subject}: ${options.seconds} s`)
  const result = await runSoak({ subject, ...options })
  report(result, options.seconds)
  if (subject === 'headwater' && result.report !== '') say(result.report)
  return result
}

function report(result: SoakResult, seconds: number): void {
  const { reads, writes, kills, failed, staleReads, staleReadsBySight } = result
  const { degradedWrites, degradedReads, maxDegradedStaleMs, faults } = result
  say(
    `  ${reads} reads (${Math.round(reads / seconds)} a second), ${writes} writes, ` +
      `${kills} kills, ${failed} failed calls, ${staleReads} stale reads ` +
      `(${staleReadsBySight} when a version counts from its first sighting)`,
  )
  say(
    `  ${degradedWrites} writes without Redis, ${degradedReads} degraded reads, ` +
      `the oldest ${Math.round(maxDegradedStaleMs)} ms`,
  )
  say(countsLine(Object.entries(faults)))
}
