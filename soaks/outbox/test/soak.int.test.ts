import {
  type PostgresServer,
  type RedisServer,
  startPostgresServer,
  startRedisServer,
} from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runControl } from '../control-run.ts'
import { runSoak } from '../soak-run.ts'

let postgres: PostgresServer
let redis: RedisServer

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startPostgresServer(), startRedisServer()])
})
afterAll(() => Promise.all([postgres.stop(), redis.stop()]))

describe('while relays are killed and stopped, PostgreSQL crashes, and sinks fail, hang and refuse', () => {
  test('Every event takes effect once and in order while relays, sinks and PostgreSQL fail', async () => {
    const { events, kills, falls, lost, outOfOrder, duplicateEffects, wrongFinalState, delays } =
      await runSoak({ seconds: 6, postgres, redis })
    expect({ lost, outOfOrder, duplicateEffects, wrongFinalState, delays, falls }).toEqual({
      lost: [],
      outOfOrder: [],
      duplicateEffects: [],
      wrongFinalState: [],
      delays: [],
      falls: 0,
    })
    expect(events).toBeGreaterThan(500)
    expect(kills).toBeGreaterThan(0)
  }, 400_000)

  test('Control: a reader by position loses events although nothing fails', async () => {
    let lost = 0
    for (let run = 0; run < 10 && lost === 0; run += 1)
      lost += (await runControl('idCursor', { seconds: 2, postgres, redis })).lost
    expect(lost).toBeGreaterThan(0)
  })
})
