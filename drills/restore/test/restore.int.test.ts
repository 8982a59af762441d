import { beforeAll, expect, test } from 'vitest'
import { runDrill, type DrillResult } from '../drill-run.ts'

let result: DrillResult

beforeAll(async () => {
  result = await runDrill(2)
})

const nothing = {
  caches: 0,
  sessions: 0,
  documentsWithoutRow: 0,
  documentsWithoutEvent: 0,
  vectorsWithoutRow: 0,
  wrongVectors: 0,
  popular: 0,
}

test('Control: without a resync each kind of inconsistency is found', () => {
  expect(Object.entries(result.control).filter(([, count]) => count === 0)).toEqual([])
})

test('After a resync no store holds anything that the restored PostgreSQL denies', () => {
  expect(result.after).toEqual(nothing)
  expect(result.left).toBe(0)
})

test('A resync ends no session and loses no event from before the restored moment', () => {
  expect(result.sessions).toEqual({ before: 2, kept: 2 })
  expect(result.later).toEqual(nothing)
})

test('A store that was lost whole has what PostgreSQL and the outbox know of', () => {
  const { redis, mongodb, pinecone } = result.losses
  expect([redis.meanwhile, mongodb.meanwhile, pinecone.meanwhile]).toEqual([0, 0, 0])
  expect(redis.after).toBe(0)
  expect(mongodb.after).toBe(mongodb.before)
  expect(pinecone.after).toBe(pinecone.before)
  for (const { wrong } of [redis, mongodb, pinecone]) expect(wrong).toEqual(nothing)
})
