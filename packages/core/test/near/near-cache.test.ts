import { expect, test } from 'vitest'
import type { Codec } from '../../src/cache/cache.ts'
import { ValueCodec } from '../../src/cache/codec.ts'
import { writeEntry } from '../../src/cache/entry.ts'
import { noAnswer } from '../../src/cache/memo/entry-reader.ts'
import { NearCache } from '../../src/cache/near/near-cache.ts'
import { RowKeys } from '../../src/cache/row-keys.ts'
import { systemClock } from '../../src/clock.ts'
import { Diagnostics } from '../../src/diagnostics.ts'
import type { NearTier, NearValues } from '../../src/near/near-tier.ts'

class Price {
  readonly #cents: number
  constructor(cents: number) {
    this.#cents = cents
  }
  get cents(): number {
    return this.#cents
  }
}

/** A cache of a process that may always answer. */
function nearCache<Value>(codec?: Codec<Value>) {
  const added: NearValues[] = []
  const near = {
    add: (values: NearValues) => added.push(values),
    changes: { moment: 0, isUnchanged: () => true },
    membership: { covers: () => true, mayServe: () => true },
  } as unknown as NearTier
  const keys = new RowKeys<number | string>({ name: 'course', keyName: 'course' }, 'hw:')
  const cache = new NearCache<Value>({
    cache: 'course',
    maxBytes: 1_000_000,
    keyPrefix: 'hw:',
    keys,
    codec: new ValueCodec('course', codec),
    near,
    clock: systemClock,
    diagnostics: new Diagnostics(),
  })
  const keep = (id: number | string, payload: string, livesMs?: number): void => {
    cache.keep({ id, key: `hw:course:${id}`, tags: [] }, entryOf(payload, livesMs), 0)
  }
  const read = (id: number | string) => cache.read(keys.lookupKeyOf(id) ?? '')
  const peek = (id: number | string) => cache.peek(keys.lookupKeyOf(id) ?? '')
  const payload = (id: number) => {
    const kept = cache.kept(id)
    return kept === undefined ? undefined : cache.payloadOf(kept)
  }
  return { keep, read, peek, payload, drop: (key: string) => added[0]?.drop(key) }
}

function entryOf(payload: string, livesMs = 60_000): string {
  const inAMinute = Date.now() + 60_000
  return writeEntry({
    nonce: 'n'.repeat(16),
    cacheId: 'c'.repeat(40),
    softExpiryMs: inAMinute,
    expiresMs: Date.now() + livesMs,
    tagNonces: [],
    payload,
  })
}

interface Course {
  at: Date
  marks: { days: (Date | number)[] }
}

const dated: Codec<Course> = {
  encode: ({ at }) => ({ at: at.toISOString() }),
  decode: (json) => {
    const at = new Date((json as { at: string }).at)
    return { at, marks: { days: [new Date(at), 1] } }
  },
}

test('Each reader has a value of its own, dates included, and those of peek share one', () => {
  const { keep, read, peek } = nearCache(dated)
  const at = '2026-01-01T00:00:00.000Z'
  keep(5, JSON.stringify({ at }))
  const whole = { at: new Date(at), marks: { days: [new Date(at), 1] } }
  const spoil = (course: Course): void => {
    course.at.setTime(0)
    ;(course.marks.days[0] as Date).setTime(0)
    course.marks.days.push(2)
  }
  for (let turn = 0; turn < 3; turn += 1) {
    const course = read(5) as Course
    expect(course).toStrictEqual(whole)
    spoil(course)
    expect(peek(5)).toStrictEqual(whole)
    expect(peek(5)).toBe(peek(5))
    expect(Object.isFrozen(peek(5)?.marks.days)).toBe(true)
  }
  peek(5)?.at.setTime(0)
  expect(read(5)).toStrictEqual(whole)
})

test('A value ends with its entry, also where a claimed refresh has moved the soft expiry', () => {
  const { keep, read } = nearCache<{ title: string }>()
  keep(5, '{"title":"Algebra"}')
  expect(read(5)).toEqual({ title: 'Algebra' })
  keep(5, '{"title":"Algebra"}', -1)
  expect(read(5)).toBe(noAnswer)
})

test('A value that is more than its fields is decoded for each reader, and not shared', () => {
  const { keep, read, peek } = nearCache<{ price: Price }>({
    encode: ({ price }) => ({ price: price.cents }),
    // Also changes what it is given.
    decode: (json) => Object.assign(json as object, { price: new Price(pricedIn(json)) }),
  })
  keep(5, '{"price":4900}')
  for (let turn = 0; turn < 3; turn += 1)
    expect((read(5) as { price: Price }).price.cents).toBe(4_900)
  expect(read(5)).not.toBe(read(5))
  expect(peek(5)).toBeUndefined()
})

function pricedIn(json: unknown): number {
  const { price } = json as { price: number }
  if (typeof price !== 'number') throw new TypeError('not a price')
  return price
}

test('A kept value is written as the codec writes it now, whatever release stored it', () => {
  const { keep, payload } = nearCache<object>({
    encode: (value) => value,
    decode: (json) => Object.assign({ seats: 0 }, json),
  })
  keep(5, '{"id":5}')
  expect(payload(5)).toBe('{"seats":0,"id":5}')
})

test('What cannot be read is not kept', () => {
  const { keep, read } = nearCache(dated)
  keep(5, '{"at":')
  keep(6, 'null')
  expect([read(5), read(6)]).toEqual([noAnswer, noAnswer])
})

test('A value ends by its key, whether its id is a number or a text', () => {
  const { keep, read, drop } = nearCache<number>()
  for (const id of [5, 'five']) {
    keep(id, '1')
    expect(read(id)).toBe(1)
    if (id === 5) expect(read('5')).toBe(1)
    expect(drop(`hw:course:${id}`)).toBe(1)
    expect(read(id)).toBe(noAnswer)
  }
})
