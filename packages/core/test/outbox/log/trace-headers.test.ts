import { expect, test } from 'vitest'
import type { NewEvent } from '@headwater/core'
import { checkEvents } from '../../../src/outbox/log/check-event.ts'
import { withTrace } from '../../../src/outbox/log/trace-headers.ts'

const trace = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'vendor=1' }
const event = (headers?: Readonly<Record<string, string>>): NewEvent => ({
  aggregateType: 'course',
  aggregateId: 5,
  type: 'course.published',
  version: 1,
  payload: {},
  ...(headers === undefined ? {} : { headers }),
})
const headersOf = (headers?: Readonly<Record<string, string>>) =>
  withTrace([event(headers)], trace)[0]?.headers

test('An event gets the headers of the trace beside its own', () => {
  expect(headersOf()).toEqual(trace)
  expect(headersOf({ tenant: 'a' })).toEqual({ tenant: 'a', ...trace })
})

test('An event that names a trace itself gets no part of ours', () => {
  expect(headersOf({ traceparent: 'own' })).toEqual({ traceparent: 'own' })
  expect(headersOf({ tracestate: 'own=1' })).toEqual({ tracestate: 'own=1' })
})

test('An event whose own headers leave no room is published without a trace', () => {
  const size = (left: number) => ({ tenant: 'x'.repeat(8_192 - 'tenant'.length - left) })
  const bytes = Object.entries(trace).flat().join('').length
  expect(headersOf(size(bytes))).toEqual({ ...size(bytes), ...trace })
  expect(headersOf(size(bytes - 1))).toEqual(size(bytes - 1))
  for (const left of [bytes, bytes - 1, 0])
    expect(checkEvents(withTrace([event(size(left))], trace)).isOk()).toBe(true)
})

test('An event whose headers are none is refused by its check, not by the trace', () => {
  const broken = withTrace([event({ tenant: 5 as never })], trace)
  expect(checkEvents(broken).isErr()).toBe(true)
})

test('Without a trace, events stay as they are', () => {
  const events = [event()]
  expect(withTrace(events, {})).toBe(events)
})
