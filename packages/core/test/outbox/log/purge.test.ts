import { FailureError } from '@headwater/core'
import { expect, test } from 'vitest'
import { purge } from '../../../src/outbox/log/purge.ts'
import { pruneTicksSql, purgeSql } from '../../../src/outbox/log/log-queries.ts'

/** A server whose statements delete so many events each, and then fail. */
function deleting(counts: readonly number[], failure: Error = new Error('one too many')) {
  const left = counts.map((count, at) => ({ count, last: String(at + 1) }))
  const sent: [text: string, from: unknown][] = []
  return {
    sent,
    query: async (text: string, values: readonly unknown[] = []) => {
      sent.push([text, values[2]])
      if (text === purgeSql && left.length === 0) throw failure
      return { rows: text === purgeSql ? [left.shift()] : [], rowCount: null } as never
    },
  }
}

function failed(type: string, message: string): Error {
  return new FailureError({ type, store: 'postgres', message, retryable: false } as never)
}

test('The purge continues where it was, until a statement deletes fewer events than it may', async () => {
  const server = deleting([5_000, 5_000, 4_999])
  expect(await purge(server, { retentionMs: 0 })).toBe(14_999)
  expect(server.sent).toEqual([
    [purgeSql, '0'],
    [purgeSql, '1'],
    [purgeSql, '2'],
    [pruneTicksSql, undefined],
  ])
})

test('A purge that is stopped sends no further statement to delete events', async () => {
  const server = deleting([5_000])
  const isStopping = () => server.sent.length > 0
  expect(await purge(server, { retentionMs: 0, isStopping })).toBe(5_000)
})

test('Ticks are pruned also when deleting events is refused, and the refusal is passed on', async () => {
  const server = deleting([5_000], failed('store-refused', 'no such function'))
  await expect(purge(server, { retentionMs: 0 })).rejects.toThrow('no such function')
  expect(server.sent.slice(1)).toEqual([
    [purgeSql, '1'],
    [pruneTicksSql, undefined],
  ])
})

test('The first failure is passed on when pruning ticks fails too', async () => {
  const refusing = {
    query: (text: string) =>
      Promise.reject(failed('store-refused', text === purgeSql ? 'the first' : 'the second')),
  }
  await expect(purge(refusing, { retentionMs: 0 })).rejects.toThrow('the first')
})

test('Ticks that cannot be pruned are a failure of their own', async () => {
  const server = deleting([0])
  const query = (text: string, values?: readonly unknown[]) =>
    text === purgeSql ? server.query(text, values) : Promise.reject(new Error('no permission'))
  await expect(purge({ query }, { retentionMs: 0 })).rejects.toThrow('no permission')
})

test.each([
  ['the server cannot be reached', failed('store-unavailable', 'gone')],
  ['its time was up', failed('deadline-exceeded', 'gone')],
  ['nobody knows why', new Error('gone')],
])('A purge that fails since %s sends nothing more', async (_, failure) => {
  const server = deleting([5_000], failure)
  await expect(purge(server, { retentionMs: 0 })).rejects.toBe(failure)
  expect(server.sent).toEqual([
    [purgeSql, '0'],
    [purgeSql, '1'],
  ])
})

test('A purge that is stopped while it is refused sends nothing more', async () => {
  const server = deleting([], failed('store-refused', 'no permission'))
  const isStopping = () => server.sent.length > 0
  await expect(purge(server, { retentionMs: 0, isStopping })).rejects.toThrow('no permission')
  expect(server.sent).toEqual([[purgeSql, '0']])
})
