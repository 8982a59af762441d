// Proves that the vector index equals PostgreSQL after every kind of failure, and that no search
// shows a course that was unpublished or deleted before it.
import { startOpenaiStandIn, startPineconeStandIn } from '@headwater/testing'
import { say } from '../run/say.ts'
import { countsLine, failuresOf, soak } from '../run/soak.ts'
import { dimensions } from './platform.ts'
import { runSoak } from './soak-run.ts'

await soak(
  async ({ seconds, postgres, redis }) => {
    const [pinecone, openai] = await Promise.all([
      startPineconeStandIn({ indexes: [{ name: 'course-search', dimension: dimensions }] }),
      startOpenaiStandIn({ dimensions }),
    ])
    try {
      const servers = { postgresUrl: postgres.url, redisUrl: redis.url, pinecone, openai }
      const { faults, ...result } = await runSoak(servers, seconds)
      say(countsLine(Object.entries(faults)))
      const { drift, denied, failedSearches, isSwitched, deniedByIndexAlone, driftMeanwhile } =
        result
      const controls = { deniedByIndexAlone, driftMeanwhile }
      return {
        summary: { soak: 'search', seconds, ...result, controls },
        failures: failuresOf([
          [drift > 0, `${drift} records are not what PostgreSQL says`],
          [denied > 0, `${denied} results had been taken away before their search`],
          [failedSearches > 0, `${failedSearches} searches failed`],
          [!isSwitched, 'the generation was not changed'],
          [deniedByIndexAlone === 0, 'the judge saw nothing wrong with the index alone'],
          [driftMeanwhile === 0, 'the comparison saw nothing while events were under way'],
        ]),
      }
    } finally {
      await Promise.all([pinecone.stop(), openai.stop()])
    }
  },
  { seconds: 60, leastSeconds: 5 },
)
