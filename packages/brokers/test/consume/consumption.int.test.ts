import { beforeEach, expect, test } from 'vitest'
import { err, FailureError, ok, type Failure } from '@headwater/core'
import { eventually } from '@headwater/testing'
import type { ConsumeOptions } from '../../src/index.ts'
import { useBrokers, type BrokersFixture } from '../brokers-fixture.ts'
import { received, StandInSource } from './stand-in-source-fixture.ts'

const open = useBrokers()
let fixture: BrokersFixture
let source: StandInSource

beforeEach(async () => {
  fixture = await open()
  source = new StandInSource()
})

function options(more: Partial<ConsumeOptions> = {}): ConsumeOptions {
  return { consumer: 'mail', handle: fixture.handle, maxBackOffMs: 200, ...more }
}

function failing(retryable: boolean): Failure<string> {
  return { type: 'mail-refused', message: 'HTTP 500', retryable }
}

test('An event that is delivered again has its effect once, and is acknowledged each time', async () => {
  const event = received('5', 1)
  source.start(fixture.stores, options())
  for (let delivery = 0; delivery < 5; delivery += 1) source.deliver(event, delivery)
  await eventually(() => expect(source.settled).toHaveLength(5))
  expect(new Set(source.settled)).toEqual(new Set(['acknowledge 5:1']))
  expect(await fixture.effects()).toEqual(['5:1'])
})

test('Two processes that are given one event at the same time have its effect once', async () => {
  const event = received('5', 1)
  const other = new StandInSource()
  source.start(fixture.stores, options())
  other.start(fixture.stores, options())
  source.deliver(event)
  other.deliver(event)
  await eventually(() => expect([...source.settled, ...other.settled]).toHaveLength(2))
  expect(await fixture.effects()).toEqual(['5:1'])
})

test('Each consumer has its own inbox', async () => {
  const event = received('5', 1)
  const other = new StandInSource()
  source.start(fixture.stores, options())
  other.start(fixture.stores, options({ consumer: 'search' }))
  source.deliver(event)
  other.deliver(event)
  await eventually(async () => expect(await fixture.effects()).toEqual(['5:1', '5:1']))
})

test('While an event is tried again later ones of its aggregate wait and others go on', async () => {
  let isDown = true
  source.start(
    fixture.stores,
    options({
      handle: async (tx, event) => {
        if (isDown && event.aggregateId === '5' && event.version === 1)
          throw new FailureError(failing(true))
        await fixture.handle(tx, event)
      },
    }),
  )
  source.deliver(received('5', 1))
  source.deliver(received('5', 2))
  source.deliver(received('6', 1))
  await eventually(() => expect(fixture.failed.length).toBeGreaterThan(6))
  expect(await fixture.effects()).toEqual(['6:1'])
  isDown = false
  await eventually(() => expect(source.settled).toHaveLength(3))
  expect(await fixture.effects()).toEqual(['6:1', '5:1', '5:2'])
  expect(fixture.dead).toEqual([])
})

test('An event whose handling throws is refused after its attempts, and later ones go on', async () => {
  let attempts = 0
  source.start(
    fixture.stores,
    options({
      maxAttempts: 3,
      handle: async (tx, event) => {
        await fixture.handle(tx, event)
        if (event.version > 1) return
        attempts += 1
        throw new TypeError('undefined is not a course')
      },
    }),
  )
  source.deliver(received('5', 1))
  source.deliver(received('5', 2))
  await eventually(() => expect(source.settled).toEqual(['refuse 5:1', 'acknowledge 5:2']))
  expect(attempts).toBe(3)
  expect(await fixture.effects()).toEqual(['5:2'])
  expect(fixture.dead).toMatchObject([{ consumer: 'mail', error: { type: 'handler-threw' } }])
})

test('Earlier deliveries count as attempts, but an event is tried once before it is refused', async () => {
  let attempts = 0
  source.start(
    fixture.stores,
    options({
      handle: async () => {
        attempts += 1
        throw new TypeError('undefined is not a course')
      },
    }),
  )
  source.deliver(received('5', 1), 30)
  await eventually(() => expect(source.settled).toEqual(['refuse 5:1']))
  expect(attempts).toBe(1)
})

test('A permanent failure is refused at once, and nothing of it is committed', async () => {
  source.start(
    fixture.stores,
    options({
      handle: async (tx, event) => {
        await fixture.handle(tx, event)
        return err(failing(false))
      },
    }),
  )
  source.deliver(received('5', 1))
  await eventually(() => expect(source.settled).toEqual(['refuse 5:1']))
  expect(await fixture.effects()).toEqual([])
  expect(fixture.failed).toEqual([])
})

test('A message that is no event is refused, and named in the diagnostics', async () => {
  source.start(fixture.stores, options())
  source.deliverUnreadable()
  await eventually(() => expect(source.settled).toEqual(['refuse unreadable']))
  expect(fixture.dead).toMatchObject([{ eventId: '', error: { type: 'message-unreadable' } }])
})

test('A refusal that fails is repeated until the message is kept', async () => {
  source.refusalsThatFail = 2
  source.start(fixture.stores, options())
  source.deliverUnreadable()
  await eventually(() => expect(source.settled).toEqual(['refuse unreadable']))
  expect(source.refusalsThatFail).toBe(0)
})

test('Closing waits for the event that is handled, and releases those behind it', async () => {
  const begun = Promise.withResolvers<undefined>()
  const end = Promise.withResolvers<undefined>()
  const consumption = source.start(
    fixture.stores,
    options({
      handle: async (tx, event) => {
        begun.resolve(undefined)
        await end.promise
        await fixture.handle(tx, event)
      },
    }),
  )
  source.deliver(received('5', 1))
  source.deliver(received('5', 2))
  await begun.promise
  expect(consumption.inHand).toBe(2)
  const closed = consumption.close()
  end.resolve(undefined)
  await closed
  expect(source.settled).toEqual(['acknowledge 5:1', 'release 5:2'])
  expect(await fixture.effects()).toEqual(['5:1'])
  expect(consumption.inHand).toBe(0)
})

test('Closing the stores closes the consumption first', async () => {
  source.start(
    fixture.stores,
    options({ handle: async (tx, event) => ok(await fixture.handle(tx, event)) }),
  )
  source.deliver(received('5', 1))
  await eventually(() => expect(source.settled).toEqual(['acknowledge 5:1']))
  expect((await fixture.stores.close()).isOk()).toBe(true)
})
