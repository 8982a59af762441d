import { expect, test } from 'vitest'
import { purge } from '../../../src/outbox/log/purge.ts'
import { pruneTicksSql, purgeSql } from '../../../src/outbox/log/log-queries.ts'

/** A server whose statements delete so many events each. */
function deleting(...counts: readonly number[]) {
  const left = counts.map((count, at) => ({ count, last: String(at + 1) }))
  const sent: [text: string, from: unknown][] = []
  return {
    sent,
    query: async (text: string, values: readonly unknown[] = []) => {
      sent.push([text, values[2]])
      if (text === purgeSql && left.length === 0) throw new Error('one statement too many')
      return { rows: text === purgeSql ? [left.shift()] : [], rowCount: null } as never
    },
  }
}

test('The purge continues where it was, until a statement deletes fewer events than it may', async () => {
  const server = deleting(5_000, 5_000, 4_999)
  expect(await purge(server, { retentionMs: 0 })).toBe(14_999)
  expect(server.sent).toEqual([
    [purgeSql, '0'],
    [purgeSql, '1'],
    [purgeSql, '2'],
    [pruneTicksSql, undefined],
  ])
})

test('A purge that is stopped sends no further statement to delete events', async () => {
  const server = deleting(5_000)
  const isStopping = () => server.sent.length > 0
  expect(await purge(server, { retentionMs: 0, isStopping })).toBe(5_000)
})

test('Ticks are pruned also when deleting events fails, and the failure is passed on', async () => {
  const server = deleting(5_000)
  await expect(purge(server, { retentionMs: 0 })).rejects.toThrow('one statement too many')
  expect(server.sent.at(-1)).toEqual([pruneTicksSql, undefined])
})
