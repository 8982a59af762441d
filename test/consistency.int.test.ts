import {
  type PostgresServer,
  type RedisServer,
  startPostgresServer,
  startRedisServer,
} from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runSoak } from '../soaks/cache/soak-run.ts'

let postgres: PostgresServer
let redis: RedisServer

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startPostgresServer(), startRedisServer()])
})
afterAll(() => Promise.all([postgres.stop(), redis.stop()]))

describe('the cache under faults', () => {
  test('No read is older than an earlier commit while writers are killed and Redis fails', async () => {
    const { reads, writes, staleReads, maxDegradedStaleMs, report } = await runSoak({
      subject: 'headwater',
      seconds: 15,
      postgres,
      redis,
    })
    expect(staleReads, report).toBe(0)
    expect(maxDegradedStaleMs).toBeLessThan(2_500)
    expect(reads).toBeGreaterThan(1_000)
    expect(writes).toBeGreaterThan(4)
  })

  test('Control: the usual hand-written cache serves stale values under the same faults', async () => {
    let stale = 0
    for (let run = 0; run < 5 && stale === 0; run += 1)
      stale += (await runSoak({ subject: 'naive', seconds: 5, postgres, redis })).staleReads
    expect(stale).toBeGreaterThan(0)
  })
})
