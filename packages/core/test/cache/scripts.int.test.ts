import { orThrow, type Stores } from '@headwater/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { softDigitsOf, writeEntry } from '../../src/cache/entry.ts'
import { fillEntry } from '../../src/cache/fill.ts'
import { takeLease } from '../../src/cache/lease.ts'
import { holdKeys } from '../../src/invalidation/hold.ts'
import { readMarker, replaceMarker } from '../../src/invalidation/marker.ts'
import { releaseKeys } from '../../src/invalidation/release.ts'
import type { RedisStore } from '../../src/stores/redis/redis-store.ts'
import { readMarker as readModelMarker } from './exploration/flush-steps.ts'
import { readTag } from '../../src/invalidation/tags.ts'
import { fill as modelFill, takeLease as modelLease } from './exploration/leader-steps.ts'
import type { Setting } from './exploration/setting.ts'
import {
  type Entry,
  hold,
  initialState,
  lease,
  noEntry,
  noMarker,
  noTag,
  type Reader,
  type State,
  type Tag,
  tagged,
  value,
} from './exploration/state.ts'
import * as model from './exploration/turn.ts'
import { areTrusted, versionedRows, type VersionedRows } from './versioned-rows.ts'

// Every script meets every state of a key on a real Redis, and must do what the exploration's own
// transition does: the model and the scripts cannot drift apart.

const setting: Setting = { writers: ['both', 'both'], readers: 1, readsPerReader: 1, tagged: true }
const [mine, theirs, fresh] = [1, 2, 3]
const nonce = (of: number) => `nonce-${of}`.padEnd(16, '-')
const cacheId = (of: number) => String(of).repeat(40)
const owner = (index: number) => `owner-${index}`
const [soon, late] = [1_900_000_000_000, 1_900_000_999_999]

const entry = (part: Partial<Entry>): Entry => ({ ...noEntry(), ...part })
const entries: Record<string, Entry> = {
  absent: noEntry(),
  'a lease of this reader': entry({ kind: lease, nonce: mine }),
  'a lease of another reader': entry({ kind: lease, nonce: theirs }),
  'the value that this reader saw': entry({ kind: value, nonce: mine, run: 1 }),
  'a newer value': entry({ kind: value, nonce: theirs, run: 1 }),
  'a value of another server': entry({ kind: value, nonce: theirs, run: 2 }),
  'a hold of this writer': entry({ kind: hold, mask: 1 }),
  'a hold of another writer': entry({ kind: hold, mask: 2 }),
  'holds of both writers': entry({ kind: hold, mask: 3 }),
}
const tags: Record<string, Tag> = {
  absent: noTag(),
  'a tag': { ...noTag(), kind: tagged, nonce: theirs },
  'a hold': { ...noTag(), kind: hold, mask: 2 },
}

let rows: VersionedRows
let stores: Stores
let names = 0

beforeAll(async () => {
  rows = await versionedRows()
  stores = await rows.open()
  await areTrusted(stores)
})
afterAll(() => rows.dispose())

function textOf(key: Entry | Tag): string | undefined {
  switch (key.kind) {
    case lease:
      return `l1 ${nonce(key.nonce)}`
    case tagged:
      return `t1 ${nonce(key.nonce)}`
    case hold: {
      const owners = [0, 1].filter((index) => (key.mask & (1 << index)) !== 0)
      return `h1 ${owners.map((index) => `${owner(index)}:${late}`).join(' ')}`
    }
    case value:
      return writeEntry({
        nonce: nonce(key.nonce),
        cacheId: cacheId((key as Entry).run),
        softExpiryMs: soon,
        expiresMs: late,
        tagNonces: [],
        payload: String(key.mask),
      })
    default:
      return undefined
  }
}

/** The text without what the model has no notion of: expiries of holds and soft expiries. */
const comparable = (text: string | null | undefined) =>
  text
    ?.replace(
      /^h1 .*/,
      (held) => `h1 ${held.slice(3).replace(/:\d+/g, '').split(' ').sort().join(' ')}`,
    )
    .replace(/^(v1 \S+ \S+) \d+/, '$1')

/** Runs a script on a key in a state; returns its reply and the state that it leaves. */
async function run<T>(
  start: Entry | Tag,
  script: (key: string) => PromiseLike<T>,
): Promise<{ reply: T; left: string | undefined }> {
  const key = `k${(names += 1)}`
  const inRedis = stores.redis.keyPrefix + key
  const text = textOf(start)
  if (text !== undefined) await stores.redis.client.set(inRedis, text, { PX: 60_000 })
  const reply = await script(key)
  const left = await stores.redis.client.get(inRedis)
  if (left !== null) expect(Number(await stores.redis.client.pTTL(inRedis))).toBeGreaterThan(0)
  return { reply, left: comparable(left) ?? undefined }
}

/** Takes a step of the model. */
function step<T>(start: Partial<State>, change: (turn: model.Turn, next: State) => T) {
  const state = { ...initialState(setting), run: 1, nonces: fresh - 1, ...start }
  const next = { ...state }
  const reply = change({ state, setting, flaw: undefined }, next)
  return { reply, entry: comparable(textOf(next.entry)), tag: comparable(textOf(next.tag)) }
}

const reader = (part: Partial<Reader>): Reader =>
  ({ ...initialState(setting).readers[0], run: 1, ...part }) as Reader
const client = () => stores.redis.client as never
const inRedis = (key: string) => stores.redis.keyPrefix + key
const eachEntry = Object.entries(entries)

test.each(eachEntry)('The hold script does with %s what the model does', async (_, start) => {
  const expected = step({ entry: start }, (turn, next) => {
    model.holdKeys(turn, next, { bit: 1, targets: 1 })
  })
  const { left } = await run(start, (key) =>
    holdKeys(stores.redis, [key], { owner: owner(0), lifeMs: 30_000 }),
  )
  expect(left).toBe(expected.entry)
})

test.each(eachEntry)('The release script does with %s what the model does', async (_, start) => {
  const expected = step({ entry: start }, (turn, next) => {
    model.releaseKeys(turn, next, { bit: 1, targets: 1 })
  })
  const { left, reply } = await run(start, (key) => releaseKeys(stores.redis, [key], owner(0)))
  expect(left).toBe(expected.entry)
  expect(reply._unsafeUnwrap()).toBe(start.kind === hold && (start.mask & 1) === 1 ? 0 : 1)
})

const wishes = eachEntry.flatMap(([name, start]) =>
  [
    { wish: 'that saw nothing', seen: 0, keeps: false },
    { wish: 'that cannot use the value it saw', seen: mine, keeps: false },
    { wish: 'that refreshes the value it saw', seen: mine, keeps: true },
  ].map((self) => ({ name, start, ...self })),
)

test.each(wishes)(
  'The lease script, for a reader $wish, does with $name what the model does',
  async ({ start, seen, keeps }) => {
    const self = reader({ seen, keeps })
    const expected = step({ entry: start }, (turn, next) => modelLease(turn, next, self))
    const claim = keeps ? { claim: { soft: String(soon), until: String(late) } } : {}
    const { left, reply } = await run(start, (key) =>
      takeLease(client(), {
        key: inRedis(key),
        nonce: nonce(fresh),
        leaseMs: 5_000,
        cacheId: cacheId(1),
        seen: seen === 0 ? undefined : { nonce: nonce(seen), ...claim },
      }),
    )
    expect(left).toBe(expected.entry)
    expect('nonce' in reply ? reply.nonce : undefined).toBe(
      expected.reply ? nonce(self.nonce) : undefined,
    )
  },
)

test('Of two readers that refresh the value they saw, one claims it and the other waits', async () => {
  const seen = { nonce: nonce(mine), claim: { soft: String(soon), until: String(late) } }
  const wish = { nonce: nonce(fresh), leaseMs: 5_000, cacheId: cacheId(1), seen }
  const start = entry({ kind: value, nonce: mine, run: 1 })
  const { reply } = await run(start, async (key) => {
    const first = await takeLease(client(), { ...wish, key: inRedis(key) })
    const second = await takeLease(client(), { ...wish, key: inRedis(key) })
    return { first, second, left: await stores.redis.client.get(inRedis(key)) }
  })
  expect(['nonce' in reply.first, 'nonce' in reply.second]).toEqual([true, false])
  expect(softDigitsOf(reply.left ?? '')).toBe(String(late))
})

test.each(eachEntry)('The fill script does with %s what the model does', async (_, start) => {
  const self = reader({ nonce: mine, loaded: 3 })
  const expected = step({ entry: start }, (turn, next) => modelFill(turn, next, self))
  const filled = textOf(entry({ kind: value, nonce: fresh, run: 1, mask: 3 })) as string
  const { left, reply } = await run(start, (key) =>
    fillEntry(client(), { key: inRedis(key), nonce: nonce(mine), entry: filled, lifeMs: 9_000 }),
  )
  expect(left).toBe(expected.entry)
  expect(reply).toBe(expected.reply)
})

test.each(eachEntry)(
  'A fill without a value ends the lease of this reader, and changes nothing else: %s',
  async (_, start) => {
    const isMine = (start.kind === lease || start.kind === value) && start.nonce === mine
    const { left, reply } = await run(start, (key) =>
      fillEntry(client(), { key: inRedis(key), nonce: nonce(mine), entry: '', lifeMs: 9_000 }),
    )
    expect(reply).toBe(isMine)
    expect(left).toBe(isMine && start.kind === lease ? undefined : comparable(textOf(start)))
  },
)

test('The fill script leaves a tag alone that has the nonce of the lease', async () => {
  const tag: Tag = { ...noTag(), kind: tagged, nonce: mine }
  const { left, reply } = await run(tag, (key) =>
    fillEntry(client(), { key: inRedis(key), nonce: nonce(mine), entry: 'v1 new', lifeMs: 9_000 }),
  )
  expect([reply, left]).toEqual([false, textOf(tag)])
})

test.each(Object.entries(tags))(
  'The tag script does with %s what the model does',
  async (_, start) => {
    const expected = step({ tag: start }, (turn, next) => model.readTag(turn, next))
    const { left, reply } = await run(start, (key) =>
      readTag(client(), inRedis(key), { nonce: nonce(fresh), lifeMs: 9_000 }),
    )
    expect(left).toBe(expected.tag)
    expect(reply).toBe(expected.reply === undefined ? undefined : nonce(expected.reply))
  },
)

const markers = [
  { name: 'no marker', marker: noMarker },
  { name: 'a marker', marker: theirs },
]

test.each(markers)('The marker script does with $name what the model does', async ({ marker }) => {
  const expected = { ...initialState(setting), marker, markers: fresh - 1 }
  readModelMarker({ state: expected, setting, flaw: undefined }, expected, 0)
  const own = {
    keyPrefix: inRedis(`k${(names += 1)}:`),
    run: (operation, command) => stores.redis.run(operation, command),
  } as RedisStore
  if (marker !== noMarker) orThrow(await replaceMarker(own, nonce(marker)))
  expect(orThrow(await readMarker(own, nonce(fresh)))).toBe(nonce(expected.marker))
  expect(orThrow(await readMarker(own, nonce(mine)))).toBe(nonce(expected.marker))
})

test('A key with two holds lives as long as the longer one, whichever came last', async () => {
  const lives: [number, number][] = [[40_000, 5_000], [5_000, 40_000]] // prettier-ignore
  for (const [first, second] of lives) {
    const key = `k${(names += 1)}`
    orThrow(await holdKeys(stores.redis, [key], { owner: owner(0), lifeMs: first }))
    orThrow(await holdKeys(stores.redis, [key], { owner: owner(1), lifeMs: second }))
    const ttl = () => stores.redis.client.pTTL(inRedis(key))
    const isLong = async () => {
      expect(Number(await ttl())).toBeGreaterThan(30_000)
      expect(Number(await ttl())).toBeLessThanOrEqual(40_000)
    }
    await isLong()
    orThrow(await releaseKeys(stores.redis, [key], owner(first > second ? 1 : 0)))
    await isLong()
  }
})
