import {
  type PostgresServer,
  type RedisServer,
  startPostgresServer,
  startRedisServer,
} from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runSoak } from '../soak-run.ts'
import { nearSubjectNames } from '../subject.ts'

const controls = nearSubjectNames.filter((name) => name !== 'headwater near')

let postgres: PostgresServer
let redis: RedisServer

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startPostgresServer(), startRedisServer()])
})
afterAll(() => Promise.all([postgres.stop(), redis.stop()]))

describe('while processes that keep values are killed, stopped and cut off, and Redis fails', () => {
  test('No read of a value that a process keeps is older than a commit that had returned', async () => {
    const { near, writes, staleReads, report } = await runSoak({
      subject: 'headwater near',
      seconds: 8,
      postgres,
      redis,
    })
    expect({ staleReads, report }).toEqual({ staleReads: 0, report: '' })
    expect(near['nearReads']).toBeGreaterThan(100)
    expect(writes).toBeGreaterThan(0)
  }, 400_000)

  test.each(controls)(
    'Control: stale reads of %s are found',
    async (subject) => {
      let stale = 0
      for (let run = 0; run < 5 && stale === 0; run += 1)
        stale += (await runSoak({ subject, seconds: 5, postgres, redis })).staleReads
      expect(stale).toBeGreaterThan(0)
    },
    900_000,
  )
})
