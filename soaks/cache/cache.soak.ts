// Looks for a read that is older than a commit which had returned before it, while every store
// fails, and checks that the same harness catches other caches.
import { parseArgs } from 'node:util'
import { startPostgresServer, startRedisServer } from '@headwater/testing'
import { runSoak, type SoakResult } from './soak-run.ts'
import { type SubjectName, subjectNames } from './subject.ts'

const wantedReadsPerSecond = 1_000_000 / 120
const wantedDegradedStaleMs = 1_500

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    json: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
if (!(seconds >= 1))
  throw new RangeError(`--seconds is a number of at least 1: got ${values.seconds}`)
const controlSeconds = Math.min(10, Math.max(4, seconds / 10))

const controls = subjectNames.filter((name) => name !== 'headwater')
const [postgres, redis] = await Promise.all([
  startPostgresServer(),
  startRedisServer({ onProgress: say }),
])
try {
  const ours = await soak('headwater', seconds)
  const theirs: Record<string, { staleReads: number }> = {}
  for (const name of controls)
    theirs[name] = { staleReads: (await soak(name, controlSeconds)).staleReads }
  const { reads, writes, kills, staleReads, degradedWrites, maxDegradedStaleMs } = ours
  const summary = {
    soak: 'cache',
    reads,
    writes,
    kills,
    staleReads,
    degradedWrites,
    maxDegradedStaleMs: Math.round(maxDegradedStaleMs),
    controls: theirs,
  }
  const failures = [
    ...(reads >= wantedReadsPerSecond * seconds
      ? []
      : [`only ${Math.round(reads / seconds)} reads a second`]),
    ...(staleReads === 0 ? [] : [`${staleReads} stale reads`]),
    ...(maxDegradedStaleMs <= wantedDegradedStaleMs
      ? []
      : [`a degraded read was ${Math.round(maxDegradedStaleMs)} ms old`]),
    ...controls
      .filter((name) => theirs[name]?.staleReads === 0)
      .map((name) => `the harness saw no stale read of ${name}`),
  ]
  for (const failure of failures) say(`FAILED: ${failure}`)
  console.log(values.json ? JSON.stringify(summary) : summary)
  process.exitCode = failures.length === 0 ? 0 : 1
} finally {
  await Promise.all([postgres.stop(), redis.stop()])
}

async function soak(subject: SubjectName, forSeconds: number): Promise<SoakResult> {
  say(`${subject}: ${forSeconds} s`)
  const result = await runSoak({ subject, seconds: forSeconds, postgres, redis })
  const {
    reads,
    writes,
    kills,
    failed,
    staleReads,
    staleReadsBySight,
    degradedReads,
    degradedWrites,
    maxDegradedStaleMs,
    faults,
    report,
  } = result
  say(
    `  ${reads} reads (${Math.round(reads / forSeconds)} a second), ${writes} writes, ${kills} kills, ${failed} failed calls, ${staleReads} stale reads (${staleReadsBySight} when a version counts as soon as anybody has seen it)`,
  )
  say(
    `  ${degradedWrites} writes without Redis, ${degradedReads} degraded reads, the oldest ${Math.round(maxDegradedStaleMs)} ms`,
  )
  say(
    `  ${Object.entries(faults)
      .map(([fault, count]) => `${fault} ×${count}`)
      .join(', ')}`,
  )
  if (subject === 'headwater' && report !== '') say(report)
  return result
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
