// Proves that the vector index equals PostgreSQL after every kind of failure, and that no search
// shows a course that was unpublished or deleted before it.
import { parseArgs } from 'node:util'
import {
  startOpenaiStandIn,
  startPineconeStandIn,
  startPostgresServer,
  startRedisServer,
} from '@headwater/testing'
import { dimensions } from './platform.ts'
import { runSoak } from './soak-run.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
if (!(seconds >= 5))
  throw new RangeError(`--seconds is a number of at least 5: got ${values.seconds}`)

const [postgres, redis, pinecone, openai] = await Promise.all([
  startPostgresServer(),
  startRedisServer({ onProgress: say }),
  startPineconeStandIn({ indexes: [{ name: 'course-search', dimension: dimensions }] }),
  startOpenaiStandIn({ dimensions }),
])
try {
  const { faults, ...result } = await runSoak(
    { postgresUrl: postgres.url, redisUrl: redis.url, pinecone, openai },
    seconds,
  )
  say(
    `  ${Object.entries(faults)
      .map(([fault, count]) => `${fault} ×${count}`)
      .join(', ')}`,
  )
  const failures = [
    ...(result.drift === 0 ? [] : [`${result.drift} records are not what PostgreSQL says`]),
    ...(result.denied === 0
      ? []
      : [`${result.denied} results had been taken away before their search`]),
    ...(result.failedSearches === 0 ? [] : [`${result.failedSearches} searches failed`]),
    ...(result.isSwitched ? [] : ['the generation was not changed']),
    ...(result.deniedByIndexAlone > 0 ? [] : ['the judge saw nothing wrong with the index alone']),
    ...(result.driftMeanwhile > 0
      ? []
      : ['the comparison saw nothing while events were under way']),
  ]
  for (const failure of failures) say(`FAILED: ${failure}`)
  const summary = {
    soak: 'search',
    seconds,
    ...result,
    controls: {
      deniedByIndexAlone: result.deniedByIndexAlone,
      driftMeanwhile: result.driftMeanwhile,
    },
  }
  console.log(values.json ? JSON.stringify(summary) : summary)
  process.exitCode = failures.length === 0 ? 0 : 1
} finally {
  await Promise.all([postgres.stop(), redis.stop(), pinecone.stop(), openai.stop()])
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
