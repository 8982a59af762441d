import { describe, expect, test } from 'vitest'
import { checkEvents } from '../../../src/outbox/log/check-event.ts'
import { orThrow, type NewEvent } from '@headwater/core'

const event = (more: object = {}): NewEvent => ({
  aggregateType: 'course',
  aggregateId: 5,
  type: 'course.published',
  version: 1,
  payload: { id: 5 },
  ...more,
})
const issuesOf = (events: readonly NewEvent[]) =>
  checkEvents(events).match(
    () => [],
    ({ issues }) => issues,
  )
const issueOf = (more: object): string =>
  issuesOf([event(more)])
    .map(({ field, message }) => `${field} ${message}`)
    .join('; ')

describe('an event', () => {
  test('is accepted with any payload that JSON keeps whole', () => {
    for (const payload of [
      null,
      0,
      -1.5,
      '',
      'text \u{1F30A}',
      true,
      [],
      {},
      { a: [{ b: null }] },
      Object.assign(Object.create(null) as object, { a: 1 }),
    ]) {
      expect(orThrow(checkEvents([event({ payload })]))).toEqual([JSON.stringify(payload)])
    }
  })

  test.each([
    ['undefined', undefined],
    ['a missing member', { a: undefined }],
    ['a hole', [1, , 2]],
    ['NaN', [Number.NaN]],
    ['infinity', { a: { b: Infinity } }],
    ['a bigint', 1n],
    ['a function', { a: () => 1 }],
    ['a date', { at: new Date() }],
    ['a map', new Map()],
    ['NUL', 'a\0b'],
    ['half a surrogate pair', { a: '\ud800' }],
    ['a NUL in a name', { 'a\0': 1 }],
    ['something with toJSON', { toJSON: () => 1 }],
  ])('is refused with %s in its payload', (_, payload) => {
    expect(issueOf({ payload })).toMatch(/^events\[0\]\.payload/)
  })

  test('is refused with a payload that contains itself', () => {
    const payload: Record<string, unknown> = {}
    payload['self'] = payload
    expect(issueOf({ payload })).toMatch(/nested at most 100 deep/)
  })

  test('is refused with a payload above the limit, counted in bytes', () => {
    expect(
      checkEvents([event({ payload: 'ü'.repeat(10) })], { maxPayloadBytes: 21 }),
    ).toMatchObject({ error: { type: 'invalid-input', field: 'events[0].payload' } })
    expect(checkEvents([event({ payload: 'ü'.repeat(10) })], { maxPayloadBytes: 22 }).isOk()).toBe(
      true,
    )
    expect(issueOf({ payload: 'x'.repeat(65_536) })).toMatch(/at most 65536 bytes/)
  })

  test.each([
    ['aggregateType', ''],
    ['aggregateType', 'x'.repeat(256)],
    ['aggregateType', 'a\0'],
    ['aggregateId', ''],
    ['aggregateId', 1.5],
    ['aggregateId', Number.NaN],
    ['type', 'Course.Published'],
    ['type', 'course published'],
    ['type', 'course.*'],
    ['version', -1],
    ['version', 1.5],
    ['version', 2 ** 53],
  ])('is refused when %s is %j', (field, value) => {
    expect(issueOf({ [field]: value })).toContain(`events[0].${field}`)
  })

  test('is refused with headers that are no text or too large', () => {
    expect(issueOf({ headers: { a: 1 } })).toContain('events[0].headers.a')
    expect(issueOf({ headers: { a: 'x'.repeat(9_000) } })).toContain(
      'events[0].headers takes at most',
    )
  })

  test('is named by its place among others, with every rule it breaks', () => {
    const issues = issuesOf([event(), event({ version: -1, payload: { a: Number.NaN } })])
    expect(issues.map(({ field }) => field)).toEqual(['events[1].version', 'events[1].payload.a'])
  })
})
