// Restores PostgreSQL to a moment in the past, makes the other stores agree with it, and proves
// that they do; then loses Redis, MongoDB and the vector index whole, one after the other.
import { parseArgs } from 'node:util'
import { say } from '../../soaks/run/say.ts'
import { failuresOf } from '../../soaks/run/soak.ts'
import { runDrill, type DrillResult } from './drill-run.ts'
import type { Inconsistencies } from './inconsistencies.ts'

const rounds = 12

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const result = await runDrill(rounds)
const failures = failuresOf([
  ...foundIn(result.control).map(
    ([kind, count]) => [count === 0, `the control found nothing wrong: ${kind}`] as const,
  ),
  ...foundIn(result.after).map(
    ([kind, count]) => [count > 0, `after resync, ${kind}: ${count}`] as const,
  ),
  ...foundIn(result.later).map(
    ([kind, count]) => [count > 0, `after further work, ${kind}: ${count}`] as const,
  ),
  [result.left > 0, `a second resync would still change ${result.left} things`],
  [
    result.sessions.kept < result.sessions.before,
    `${result.sessions.before - result.sessions.kept} sessions from before were ended`,
  ],
  ...lossesOf(result),
])
for (const failure of failures) say(`FAILED: ${failure}`)
const summary = { drill: 'restore', passed: failures.length === 0, ...result }
if (values.json) console.log(JSON.stringify(summary))
else console.dir(summary, { depth: null })
process.exitCode = failures.length === 0 ? 0 : 1

function foundIn(found: Inconsistencies): [string, number][] {
  return Object.entries<number>({ ...found })
}

function lossesOf({ losses: { redis, mongodb, pinecone } }: DrillResult) {
  return [
    [redis.before === 0 || redis.meanwhile > 0, 'Redis was not lost'] as const,
    [mongodb.before === 0 || mongodb.meanwhile > 0, 'MongoDB was not lost'] as const,
    [pinecone.before === 0 || pinecone.meanwhile > 0, 'the vectors were not lost'] as const,
    [redis.after > 0, 'a session returned that Redis had lost'] as const,
    [mongodb.after < mongodb.before, 'MongoDB lacks enrollment events'] as const,
    [pinecone.after < pinecone.before, 'the index lacks vectors'] as const,
    ...Object.entries({ redis, mongodb, pinecone }).flatMap(([store, { wrong }]) =>
      foundIn(wrong).map(
        ([kind, count]) => [count > 0, `after the loss of ${store}, ${kind}: ${count}`] as const,
      ),
    ),
  ]
}
