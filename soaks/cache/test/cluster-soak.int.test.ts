import { type PostgresServer, startPostgresServer } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runClusterSoak } from '../cluster/cluster-soak.ts'

let postgres: PostgresServer

beforeAll(async () => {
  postgres = await startPostgresServer()
})
afterAll(() => postgres.stop())

describe('while masters of a cluster fail over, return with less, and slots move', () => {
  test('No read is older than an earlier commit, and no session is found after its end', async () => {
    const seen = { reads: 0, writes: 0, endings: 0 }
    // A busy machine may get to no end of a session in so short a time.
    for (let run = 0; run < 4 && !Object.values(seen).every(Boolean); run += 1) {
      const { reads, writes, staleReads, visits, faults, report } = await runClusterSoak({
        subject: 'headwater',
        seconds: 10,
        postgres,
      })
      expect({ staleReads, found: visits.staleReads, report }).toEqual({
        staleReads: 0,
        found: 0,
        report: '',
      })
      expect(Object.keys(faults)).toContain('kill a master, its late replica takes over')
      seen.reads += reads
      seen.writes += writes
      seen.endings += visits.writes
    }
    expect(seen.reads).toBeGreaterThan(100)
    expect(seen.writes).toBeGreaterThan(0)
    expect(seen.endings).toBeGreaterThan(0)
  }, 900_000)

  test('Control: a hand-written cache is stale, and its sessions are found after their end', async () => {
    const found = { staleReads: 0, endedSessions: 0 }
    for (let run = 0; run < 5 && !Object.values(found).every(Boolean); run += 1) {
      const { staleReads, visits } = await runClusterSoak({
        subject: 'naive',
        seconds: 3,
        postgres,
      })
      found.staleReads += staleReads
      found.endedSessions += visits.staleReads
    }
    expect(found.staleReads).toBeGreaterThan(0)
    expect(found.endedSessions).toBeGreaterThan(0)
  }, 900_000)
})
