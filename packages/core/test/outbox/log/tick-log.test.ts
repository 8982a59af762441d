import type { SqlClient } from '@headwater/core'
import { expect, test } from 'vitest'
import { advance, chooseTarget, type Tick } from '../../../src/outbox/log/tick.ts'
import { TickLog } from '../../../src/outbox/log/tick-log.ts'

const tick = (id: number, seqHigh = id): Tick => ({
  id: BigInt(id),
  snapshot: `${id}:${id + 1}:`,
  xmax: String(id + 1),
  xip: [],
  seqHigh: BigInt(seqHigh),
})

/** A database with some ticks; `asked` lists the ids and limits that were asked for. */
function database(...ticks: readonly Tick[]) {
  const asked: unknown[] = []
  const sql = {
    query: async (_: string, [id, limit, history]: readonly unknown[]) => {
      asked.push([id, limit, history])
      const first = ticks.findLastIndex((one) => one.id <= BigInt(id as string))
      const loaded = first < 0 ? [] : ticks.slice(first, first + 1 + (limit as number))
      return {
        rows: loaded.map((one) => ({
          id: String(one.id),
          snap: one.snapshot,
          seq_hi: String(one.seqHigh),
        })),
      }
    },
  } as unknown as SqlClient
  return { sql, asked }
}

/** A log that has seen some ticks of the server `here`. */
function logOf(...ticks: readonly Tick[]): TickLog {
  const log = new TickLog()
  log.begin('here')
  for (const one of ticks) log.add(one, 'here')
  return log
}

test('It knows no server until it begins with one, and forgets it with its ticks', () => {
  const log = logOf(tick(1), tick(2))
  expect([log.history, log.newest?.id]).toEqual(['here', 2n])
  log.begin('there')
  expect([log.history, log.newest]).toEqual(['there', undefined])
  log.add(tick(1), 'there')
  log.clear()
  expect([log.history, log.newest]).toEqual([undefined, undefined])
})

test('It adds no tick of another server, and none that is not newer', async () => {
  const log = logOf(tick(2, 20))
  log.add(tick(3), 'there')
  log.add(tick(2, 99), 'here')
  log.add(tick(1), 'here')
  const { sql } = database()
  expect(await log.from(sql, 2n, 1)).toEqual({ from: tick(2, 20), later: [] })
})

test('It remembers the newest two thousand', async () => {
  const log = logOf(...Array.from({ length: 2_001 }, (_, at) => tick(at + 1)))
  const { asked, sql } = database()
  expect((await log.from(sql, 2n, 1)).later).toHaveLength(1_999)
  expect(asked).toEqual([])
  expect(await log.exactly(sql, 1n)).toBeUndefined()
  expect(asked).toEqual([['1', 0, 'here']])
})

test('Ticks that are close enough together come from memory, the newest one among them', async () => {
  const log = logOf(tick(1, 10), tick(2, 20), tick(3, 40))
  const { asked, sql } = database()
  expect(await log.from(sql, 1n, 10)).toEqual({
    from: tick(1, 10),
    later: [tick(2, 20), tick(3, 40)],
  })
  expect(await log.from(sql, 3n, 10)).toEqual({ from: tick(3, 40), later: [] })
  expect(asked).toEqual([])
})

test('Where they are too far apart it reads those in between, and keeps them in order', async () => {
  const all = [tick(1, 10), tick(2, 15), tick(3, 30)]
  const log = logOf(tick(1, 10), tick(3, 30))
  const { asked, sql } = database(...all)
  expect(await log.from(sql, 1n, 10)).toEqual({ from: all[0], later: all.slice(1) })
  expect(await log.from(sql, 1n, 10)).toEqual({ from: all[0], later: all.slice(1) })
  expect(log.newest?.id).toBe(3n)
  expect(asked).toEqual([['1', 500, 'here']])
})

test('It remembers no more than two thousand of what it reads', async () => {
  const log = logOf(...Array.from({ length: 2_000 }, (_, at) => tick(at + 2)))
  const { asked, sql } = database(tick(1), tick(2))
  expect((await log.from(sql, 1n, 1)).from.id).toBe(1n)
  expect((await log.from(sql, 1n, 1)).from.id).toBe(1n)
  expect(asked).toHaveLength(2)
})

test('Of a cursor without a tick it takes the last one before it', async () => {
  const { sql } = database(tick(1), tick(4))
  const { from, later } = await logOf().from(sql, 3n, 10)
  expect([from.id, later.map(({ id }) => id)]).toEqual([1n, [4n]])
  await expect(logOf().from(database().sql, 7n, 10)).rejects.toThrow(
    'the outbox has no tick at or before 7',
  )
})

test('One tick is looked up in memory first, and is no other one', async () => {
  const { asked, sql } = database(tick(1), tick(4))
  const log = logOf(tick(4))
  expect(await log.exactly(sql, 4n)).toEqual(tick(4))
  expect(asked).toEqual([])
  expect(await log.exactly(sql, 1n)).toEqual(tick(1))
  expect(await log.exactly(sql, 3n)).toBeUndefined()
})

test('Ticks that are read while another server takes over are not remembered', async () => {
  const { sql, asked } = database(tick(1))
  const log = logOf()
  const reading = log.exactly(sql, 1n)
  log.begin('there')
  await reading
  expect(log.newest).toBeUndefined()
  await new TickLog().exactly(sql, 1n)
  expect(asked.at(-1)).toEqual(['1', 0, null])
})

test('An interval ends at the latest tick within its size, or at the first', () => {
  const later = [tick(2, 20), tick(3, 30), tick(4, 40)]
  expect(chooseTarget(tick(1, 10), later, 20)?.id).toBe(3n)
  expect(chooseTarget(tick(1, 10), later, 5)?.id).toBe(2n)
  expect(chooseTarget(tick(1, 10), [], 5)).toBeUndefined()
})

test('Advancing returns the newest tick and the wait for the next one', async () => {
  const answering = (rows: readonly unknown[]) => ({ query: async () => ({ rows }) }) as never
  const pace = { gapMs: 1, maxEvents: 1 }
  const row = { id: '5', snap: '7:9:7,8', seq_hi: '3' }
  const newest = { id: 5n, snapshot: '7:9:7,8', xmax: '9', xip: ['7', '8'], seqHigh: 3n }
  expect(await advance(answering([{ ...row, due_ms: 20 }]), pace)).toEqual({ newest, dueMs: 20 })
  expect(await advance(answering([{ ...row, due_ms: null }]), pace)).toEqual({
    newest,
    dueMs: undefined,
  })
  await expect(advance(answering([]), pace)).rejects.toThrow('outbox_advance returned no tick')
})
