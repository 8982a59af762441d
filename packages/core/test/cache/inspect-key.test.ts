import { expect, test } from 'vitest'
import { type KeyState, writeEntry } from '../../src/cache/entry.ts'
import { inspectKey } from '../../src/cache/inspect-key.ts'
import type { Stores } from '../../src/connect/stores.ts'
import { orThrow, ResultAsync } from '../../src/result.ts'

const cacheId = 'c'.repeat(40)

type Read = () => Promise<string | null>

/** Stores whose Redis has a text under `app:course:5`, for two seconds. */
function storesWith(read: Read): Stores {
  const client = {
    get: (key: string) => (key === 'app:course:5' ? read() : Promise.resolve(null)),
    pTTL: () => Promise.resolve(2_000),
  }
  const redis = {
    keyPrefix: 'app:',
    run: <T>(_operation: string, command: (given: typeof client) => Promise<T>) =>
      ResultAsync.fromSafePromise(command(client)),
  }
  return { redis, invalidation: { cacheId } } as unknown as Stores
}

const inspect = async (read: Read) =>
  orThrow(await inspectKey(storesWith(read), { text: 'course:5' }))

test('An entry is shown with its times, its tags and its JSON', async () => {
  const entry = {
    ...{ nonce: 'n'.repeat(16), cacheId, softExpiryMs: 1_764_500_000_000 },
    ...{ expiresMs: 1_764_500_060_000, tagNonces: ['a'.repeat(16), 'b'.repeat(16)] },
    payload: '{"title":"Algebra"}',
  }
  expect(await inspect(async () => writeEntry(entry))).toEqual({
    ...{ key: 'course:5', state: 'value', leftMs: 2_000, holders: [] },
    entry: {
      ...{ isTrusted: true, isRow: true, tags: 2, length: 19, json: { title: 'Algebra' } },
      refreshAt: new Date(1_764_500_000_000),
      expiresAt: new Date(1_764_500_060_000),
    },
  })
  const elsewhere = { ...entry, cacheId: 'd'.repeat(40), payload: undefined }
  expect(await inspect(async () => writeEntry(elsewhere))).toMatchObject({
    entry: { isTrusted: false, isRow: false, json: null },
  })
})

test('The writers that hold a key are named, each with the end of its hold', async () => {
  const found = await inspect(async () => 'h1 first:1764500000000 second:1764500001000')
  expect(found).toMatchObject({ state: 'hold' })
  expect(found.holders).toEqual([
    { owner: 'first', until: new Date(1_764_500_000_000) },
    { owner: 'second', until: new Date(1_764_500_001_000) },
  ])
  expect(found).not.toHaveProperty('entry')
})

const states: readonly (readonly [what: string, read: Read, state: KeyState])[] = [
  ['nothing', async () => null, 'absent'],
  ['a lease', async () => `l1 ${'n'.repeat(16)}`, 'lease'],
  ['the text of another program', async () => 'hello', 'foreign'],
  [
    'a list',
    () => Promise.reject(new Error('WRONGTYPE Operation against a key holding the wrong kind')),
    'foreign',
  ],
]

test.each(states)('The state of %s is told', async (_what, read, state) => {
  expect(await inspect(read)).toMatchObject({ state, holders: [] })
})
