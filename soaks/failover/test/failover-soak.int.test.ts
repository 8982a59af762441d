import {
  type PostgresServer,
  type RedisServer,
  startPostgresServer,
  startRedisServer,
} from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runSoak, type SoakResult } from '../soak-run.ts'

let postgres: PostgresServer
let redis: RedisServer
let result: SoakResult

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startPostgresServer(), startRedisServer()])
  result = await runSoak({ seconds: 15, postgres, redis })
})
afterAll(() => Promise.all([postgres.stop(), redis.stop()]))

describe('while the primary of PostgreSQL is killed and its standby promoted again and again', () => {
  test('Nothing acknowledged is lost, stale, doubled, reordered or sold twice', () => {
    const { reads, revived, lostAcknowledged, inverted, duplicateEffects, oversold } = result
    const { stale } = reads
    expect({ stale, revived, lostAcknowledged, inverted, duplicateEffects, oversold }).toEqual({
      stale: [],
      revived: [],
      lostAcknowledged: [],
      inverted: [],
      duplicateEffects: [],
      oversold: [],
    })
  })

  test('Every process lives through it, and every sink receives everything', () => {
    expect(result.fallen).toEqual([])
    expect(result.isDrained).toBe(true)
    expect(result.promotions).toBeGreaterThan(1)
    expect(result.commits).toBeGreaterThan(50)
    expect(result.seats).toBeGreaterThan(0)
  })

  test('Control: reads of the standby, and a cache that it fills, are stale', () => {
    expect(result.replica.stale.length).toBeGreaterThan(0)
    expect(result.replicaCache.stale.length).toBeGreaterThan(0)
  })
})
