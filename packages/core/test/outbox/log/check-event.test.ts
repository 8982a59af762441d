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
  test('An event with any payload that JSON preserves is accepted', () => {
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
  ])('An event with %s in its payload is refused', (_, payload) => {
    expect(issueOf({ payload })).toMatch(/^events\[0\]\.payload/)
  })

  test('An event whose payload contains itself is refused', () => {
    const payload: Record<string, unknown> = {}
    payload['self'] = payload
    expect(issueOf({ payload })).toMatch(/nested at most 100 deep/)
  })

  test('An event whose payload exceeds the limit in bytes is refused', () => {
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
  ])('An event whose %s is %j is refused', (field, value) => {
    expect(issueOf({ [field]: value })).toContain(`events[0].${field}`)
  })

  test('An event whose headers are not text or too large is refused', () => {
    expect(issueOf({ headers: { a: 1 } })).toContain('events[0].headers.a')
    expect(issueOf({ headers: { a: 'x'.repeat(9_000) } })).toContain(
      'events[0].headers takes at most',
    )
  })

  test('A refused event is named by its index, with every rule that it breaks', () => {
    const issues = issuesOf([event(), event({ version: -1, payload: { a: Number.NaN } })])
    expect(issues.map(({ field }) => field)).toEqual(['events[1].version', 'events[1].payload.a'])
  })
})
