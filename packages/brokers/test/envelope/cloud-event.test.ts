import { expect, test } from 'vitest'
import { cloudEventAttributes, readCloudEvent } from '../../src/index.ts'
import { natsHeadersOf, natsSubject, readNatsMessage } from '../../src/nats/nats-message.ts'
import { rabbitmqPropertiesOf, readRabbitmqMessage } from '../../src/rabbitmq/rabbitmq-message.ts'
import { logged } from '../brokers-fixture.ts'

const event = logged('5', 8, {
  id: '0199c1b2-7a3c-7000-8000-000000000001',
  seq: 42n,
  payload: { title: 'Ärzte & “Ähnliches” 💡', tags: [null, 1.5, ''] },
  headers: {
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    tenant: 'a "b" 100 % ü',
    'x-actor': 'Zoë',
    subject: 'a name that CloudEvents keeps',
    empty: '',
  },
})

test('An event is a CloudEvent 1.0 whose attributes have names that the specification permits', () => {
  const attributes = cloudEventAttributes(event, '/shop')
  expect(attributes).toEqual({
    specversion: '1.0',
    id: '0199c1b2-7a3c-7000-8000-000000000001',
    source: '/shop',
    type: 'course.renamed',
    subject: '5',
    time: '2026-11-28T12:00:00.000Z',
    aggregatetype: 'course',
    aggregateversion: '8',
    sequence: '0000000000000000042',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    tenant: 'a "b" 100 % ü',
    headers: JSON.stringify({
      'x-actor': 'Zoë',
      subject: 'a name that CloudEvents keeps',
      empty: '',
    }),
  })
  for (const name of Object.keys(attributes)) expect(name).toMatch(/^[a-z0-9]{1,20}$/)
})

test('Sequences sort as texts like the positions in the log', () => {
  const positions = [1n, 9n, 10n, 99n, 1_000n, 9_223_372_036_854_775_807n]
  const texts = positions.map(
    (seq) => cloudEventAttributes({ ...event, seq }, '/shop')['sequence'] ?? '',
  )
  expect(texts.toSorted()).toEqual(texts)
})

test('What a consumer reads is what was published, through attributes and data', () => {
  const read = readCloudEvent(cloudEventAttributes(event, '/shop'), JSON.stringify(event.payload))
  expect(read._unsafeUnwrap()).toEqual({ ...event, source: '/shop' })
})

test('What a consumer reads is what was published, through the headers of NATS', () => {
  const headers = natsHeadersOf(event, '/shop')
  for (const [, values] of headers)
    for (const value of values) expect(value).toMatch(/^[\x20-\x7e]*$/)
  expect(headers.get('ce-tenant')).toBe('a%20%22b%22%20100%20%25%20%C3%BC')
  const read = readNatsMessage({ headers, text: JSON.stringify(event.payload) })
  expect(read._unsafeUnwrap()).toEqual({ ...event, source: '/shop' })
})

test('What a consumer reads is what was published, through the properties of RabbitMQ', () => {
  const properties = rabbitmqPropertiesOf(event, '/shop')
  expect(properties).toMatchObject({
    messageId: event.id,
    type: 'course.renamed',
    contentType: 'application/json',
    persistent: true,
    mandatory: true,
  })
  const content = Buffer.from(JSON.stringify(event.payload))
  const read = readRabbitmqMessage({ content, properties: properties as never })
  expect(read._unsafeUnwrap()).toEqual({ ...event, source: '/shop' })
})

test('A subject of NATS has three parts, whatever the aggregate is called', () => {
  expect(natsSubject('events', event)).toBe('events.course.5')
  const strange = natsSubject('events', { aggregateType: 'a.b', aggregateId: 'x y*>.ü' })
  expect(strange).toBe('events.a%2Eb.x%20y%2A%3E%2E%C3%BC')
})

const attributes = cloudEventAttributes(event, '/shop')

test.each([
  ['a missing attribute', { ...attributes, sequence: undefined }, '{}', '"sequence"'],
  ['another version', { ...attributes, specversion: '0.3' }, '{}', 'not 1.0'],
  ['a version that is no number', { ...attributes, aggregateversion: 'x' }, '{}', 'got "x"'],
  ['a time that is none', { ...attributes, time: 'noon' }, '{}', 'got "noon"'],
  ['data that is no JSON', attributes, '{', 'JSON'],
])('A message with %s is unreadable, and says why', (_, given, data, reason) => {
  const read = readCloudEvent(given as Record<string, string>, data)
  expect(read._unsafeUnwrapErr()).toMatchObject({ type: 'message-unreadable', retryable: false })
  expect(read._unsafeUnwrapErr().message).toContain(reason)
})
