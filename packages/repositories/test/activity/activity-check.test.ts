import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ActivityCheck } from '../../src/activity/activity-check.ts'
import { activityInput } from '../../src/activity/activity-input.ts'
import { commonActivityTypes } from '../../src/activity/activity-types.ts'
import { validate } from '@headwater/core'

const types = { ...commonActivityTypes(), 'quiz.passed': z.object({ score: z.number().min(0) }) }
const schema = activityInput(types)
const polluted = JSON.parse('{"__proto__":{"isAdmin":true}}') as unknown
const badTexts = ['', ' \t', '\u00a0', 'a\0b', '\ud800', 'x'.repeat(2_001)]
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom(...badTexts, 'x'.repeat(1_001), '192.168.0.1'),
)
const anything = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    1,
    -1,
    0,
    1.5,
    NaN,
    2 ** 31,
    '5',
    5n,
    true,
    [],
    {},
    new Date(0),
    Symbol('s'),
  ),
  anyText,
)
const anyKey = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('courseId', 'path', 'score', 'a') },
  { weight: 1, arbitrary: fc.constantFrom('', '$a', 'a.b', 'constructor', '\0', '\ud800') },
)
const anyValue = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  { weight: 1, arbitrary: anything },
  { weight: 1, arbitrary: fc.constantFrom(polluted, [undefined], [[1, NaN]]) },
)
const anyData = fc.oneof(
  { weight: 6, arbitrary: fc.dictionary(anyKey, anyValue, { maxKeys: 3 }) },
  { weight: 4, arbitrary: fc.record({ courseId: fc.integer({ min: -1, max: 9 }) }) },
  { weight: 1, arbitrary: anything },
)
const anyMetadata = fc.oneof(
  fc.record(
    { ipAddress: anyText, userAgent: anyText, referrer: anyText, other: anything },
    { requiredKeys: [] },
  ),
  anything,
)
const anyEvent = fc.record(
  {
    userId: fc.oneof(fc.integer({ min: 1, max: 9 }), anything),
    type: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...Object.keys(types), 'any.thing') },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          'Any.Thing',
          'noun',
          '.',
          'a.b\0',
          'a'.repeat(101),
          'constructor',
        ),
      },
      { weight: 1, arbitrary: anything },
    ),
    data: anyData,
    metadata: anyMetadata,
    timestamp: fc.oneof(fc.date(), fc.constant(new Date(NaN)), anything),
    other: anything,
  },
  { requiredKeys: ['type'] },
)
/** What is an object, and was not written as one. */
const notPlain: unknown[] = [
  new Date(0),
  new Map(),
  Object.create(null),
  Object.create({ userAgent: 'curl' }),
  Object.create({ other: 1 }),
  [],
  new (class {
    userAgent = 'curl'
  })(),
]
/** Each part wrong now and then, so that half of the events are right. */
const mostlyGood = fc.record({
  userId: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
  type: fc.constantFrom(...Object.keys(types), 'any.thing'),
  data: fc.record({
    courseId: fc.integer({ min: 1, max: 9 }),
    path: fc.constant('/a'),
    score: fc.integer({ min: -1, max: 9 }),
    more: fc.jsonValue({ maxDepth: 3 }),
  }),
})

describe('the check by hand', () => {
  test('The check by hand accepts exactly the events that the schema accepts, and copies the same', () => {
    const check = new ActivityCheck(types)
    let accepted = 0
    fc.assert(
      fc.property(fc.oneof(anyEvent, mostlyGood), (event) => {
        const byHand = check.accept(event)
        const bySchema = validate(schema, event)
        expect(byHand !== undefined).toBe(bySchema.isOk())
        if (byHand === undefined || bySchema.isErr()) return
        accepted += 1
        const { userId = null, type, data = {}, metadata = {}, timestamp } = bySchema.value
        expect(byHand).toEqual({ userId, type, data, metadata, at: timestamp?.getTime() })
      }),
      {
        numRuns: 3_000,
        examples: notPlain.map((metadata): [unknown] => [{ type: 'any.thing', metadata }]),
      },
    )
    expect(accepted).toBeGreaterThan(300)
  })

  test('A checked event is a copy that later changes by the caller do not reach', () => {
    const event = {
      type: 'any.thing',
      data: { list: [{ deep: [1] }], flat: 1 },
      metadata: { userAgent: 'curl' },
      timestamp: new Date('2026-01-01'),
    }
    const accepted = new ActivityCheck(types).accept(event)
    const asGiven = structuredClone(accepted)
    event.data.list[0]?.deep.push(2)
    event.data.list.push({ deep: [] })
    event.data.flat = 2
    event.metadata.userAgent = 'other'
    event.timestamp.setTime(0)
    expect(accepted).toEqual(asGiven)
  })

  test('The check by hand leaves an event whose getters throw to the schema', () => {
    const check = new ActivityCheck(types)
    const trap = new Proxy(
      {},
      {
        get: () => {
          throw new Error('trap')
        },
        ownKeys: () => {
          throw new Error('trap')
        },
        getPrototypeOf: () => {
          throw new Error('trap')
        },
      },
    )
    expect([
      check.accept(trap),
      check.accept({ type: 'any.thing', data: trap }),
      check.accept({
        type: 'any.thing',
        get data() {
          throw new Error('trap')
        },
      }),
    ]).toEqual([undefined, undefined, undefined])
  })

  test('A checked event has no prototype of the event that it copies', () => {
    const accepted = new ActivityCheck(types).accept({
      type: 'any.thing',
      data: { inner: Object.assign(Object.create(null) as object, { a: 1 }) },
    })
    expect(accepted?.data).toEqual({ inner: { a: 1 } })
    expect(new ActivityCheck(types).accept({ type: 'any.thing', data: polluted })).toBeUndefined()
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
  })

  test('The check by hand remembers a bounded number of types and accepts others all the same', () => {
    const check = new ActivityCheck(types)
    for (let n = 0; n < 3_000; n += 1) expect(check.accept({ type: `type.n${n}` })).toBeDefined()
  })
})
