import { once } from 'node:events'
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
  for (let delivery = 0; delivery < 5; delivery += 1)
    source.deliver(event, { isAgain: delivery > 0 })
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

test('What handle throws is a mistake, though it says that it is permanent', async () => {
  let attempts = 0
  source.start(
    fixture.stores,
    options({
      maxAttempts: 3,
      handle: async () => {
        attempts += 1
        throw new FailureError(failing(false))
      },
    }),
  )
  source.deliver(received('5', 1))
  await eventually(() => expect(source.settled).toEqual(['refuse 5:1']))
  expect(attempts).toBe(3)
})

test('A statement of handle that is refused, and a COMMIT, are mistakes as well', async () => {
  await fixture.sql(`CREATE TABLE @schema.once (id text UNIQUE DEFERRABLE INITIALLY DEFERRED)`)
  let attempts = 0
  source.start(
    fixture.stores,
    options({
      maxAttempts: 2,
      handle: async (tx, { aggregateId }) => {
        attempts += 1
        if (aggregateId === '5') await tx.query('SELECT * FROM @schema.missing')
        await tx.query(`INSERT INTO @schema.once VALUES ('x'), ('x')`)
      },
    }),
  )
  source.deliver(received('5', 1))
  await eventually(() => expect(source.settled).toEqual(['refuse 5:1']))
  source.deliver(received('6', 1))
  await eventually(() => expect(source.settled).toEqual(['refuse 5:1', 'refuse 6:1']))
  expect(attempts).toBe(4)
})

test('An inbox that cannot be written costs no event an attempt', async () => {
  await fixture.sql('ALTER TABLE @schema.inbox RENAME TO inbox_away')
  source.start(fixture.stores, options({ maxAttempts: 1 }))
  source.deliver(received('5', 1))
  source.deliver(received('6', 1), { isAgain: true })
  await eventually(() => expect(fixture.failed.length).toBeGreaterThan(6))
  expect(fixture.failed[0]).toMatchObject({ error: { type: 'store-refused', code: '42P01' } })
  await fixture.sql('ALTER TABLE @schema.inbox_away RENAME TO inbox')
  await eventually(() => expect(source.settled).toHaveLength(2))
  expect((await fixture.effects()).toSorted()).toEqual(['5:1', '6:1'])
  expect(fixture.dead).toEqual([])
})

async function lostAttempts(): Promise<readonly { event_id: string; lost: number }[]> {
  const { rows } = await fixture.sql<{ event_id: string; lost: number }>(
    'SELECT event_id, lost FROM @schema.inbox_attempt',
  )
  return rows
}

test('Waiting costs no attempt, however often the event is delivered', async () => {
  const event = received('5', 1)
  let isDown = true
  for (let delivery = 0; delivery < 4; delivery += 1) {
    const before = fixture.failed.length
    const other = new StandInSource()
    const consumption = other.start(
      fixture.stores,
      options({
        maxAttempts: 2,
        handle: async (tx, it) => {
          if (isDown) throw new FailureError(failing(true))
          await fixture.handle(tx, it)
        },
      }),
    )
    other.deliver(event, { isAgain: delivery > 0 })
    if (delivery === 3) isDown = false
    else await eventually(() => expect(fixture.failed.length).toBeGreaterThan(before + 3))
    if (isDown) await consumption.close()
    await eventually(() => expect(other.settled).toHaveLength(1))
  }
  expect(await fixture.effects()).toEqual(['5:1'])
  expect(fixture.dead).toEqual([])
  await eventually(async () => expect(await lostAttempts()).toEqual([]))
})

test('A handling that throws because the consumption is closed has made no mistake', async () => {
  const event = received('5', 1)
  for (let delivery = 0; delivery < 3; delivery += 1) {
    const begun = Promise.withResolvers<undefined>()
    const other = new StandInSource()
    const consumption = other.start(
      fixture.stores,
      options({
        maxAttempts: 1,
        handle: async (_, __, { signal }) => {
          begun.resolve(undefined)
          await once(signal, 'abort')
          signal.throwIfAborted()
        },
      }),
    )
    other.deliver(event, { isAgain: delivery > 0 })
    await begun.promise
    await consumption.close()
    expect(other.settled).toEqual(['release 5:1'])
  }
  expect(fixture.dead).toEqual([])
})

test('Mistakes are counted over processes, and forgotten when the event is given up', async () => {
  const event = received('5', 1)
  let attempts = 0
  const mistaken = options({
    maxAttempts: 3,
    maxBackOffMs: 60_000,
    handle: async () => {
      attempts += 1
      throw new TypeError('undefined is not a course')
    },
  })
  const first = source.start(fixture.stores, mistaken)
  source.deliver(event)
  await eventually(async () => expect((await lostAttempts())[0]?.lost).toBe(2))
  await first.close()
  const other = new StandInSource()
  other.start(fixture.stores, mistaken)
  other.deliver(event, { isAgain: true })
  await eventually(() => expect(other.settled).toEqual(['refuse 5:1']))
  expect(attempts).toBe(3)
  await eventually(async () => expect(await lostAttempts()).toEqual([]))
})

test('An event whose attempts were all lost is refused before it is tried again', async () => {
  const event = received('5', 1)
  await fixture.sql(`INSERT INTO @schema.inbox_attempt VALUES ('mail', $1, 5)`, [event.id])
  let attempts = 0
  source.start(fixture.stores, options({ handle: async () => void (attempts += 1) }))
  source.deliver(event, { isAgain: true })
  source.deliver(received('5', 2))
  await eventually(() => expect(source.settled).toEqual(['refuse 5:1', 'acknowledge 5:2']))
  expect(attempts).toBe(1)
  expect(fixture.dead).toMatchObject([
    { error: { message: '5 attempts at the event failed or ended their process' } },
  ])
})

test('An event that is delivered again is handled alone', async () => {
  const running = new Set<string>()
  const company: string[] = []
  source.start(
    fixture.stores,
    options({
      handle: async (tx, event) => {
        running.add(event.aggregateId)
        if (event.aggregateId === '5') company.push(...running)
        await fixture.handle(tx, event)
        await new Promise((resolve) => setTimeout(resolve, 20))
        if (running.has('5')) company.push(...running)
        running.delete(event.aggregateId)
      },
    }),
  )
  for (const id of ['1', '2', '3']) source.deliver(received(id, 1))
  source.deliver(received('5', 1), { isAgain: true })
  for (const id of ['6', '7', '8']) source.deliver(received(id, 1))
  await eventually(() => expect(source.settled).toHaveLength(7))
  expect(new Set(company)).toEqual(new Set(['5']))
})

test('What the broker has taken back is dropped where it waits, and goes on where it is handled', async () => {
  const begun = Promise.withResolvers<undefined>()
  const end = Promise.withResolvers<undefined>()
  const channel = new AbortController()
  const consumption = source.start(
    fixture.stores,
    options({
      maxBackOffMs: 60_000,
      handle: async (tx, event) => {
        if (event.aggregateId === '6') throw new FailureError(failing(true))
        begun.resolve(undefined)
        await end.promise
        await fixture.handle(tx, event)
      },
    }),
  )
  for (const event of [received('5', 1), received('5', 2), received('6', 1)])
    source.deliver(event, { lost: channel.signal })
  await begun.promise
  await eventually(() => expect(fixture.failed.length).toBeGreaterThan(0))
  channel.abort()
  await eventually(() => expect(consumption.inHand).toBe(2))
  end.resolve(undefined)
  await eventually(() => expect(consumption.inHand).toBe(0))
  expect(source.settled).toEqual(['release 6:1', 'acknowledge 5:1', 'release 5:2'])
  expect(await fixture.effects()).toEqual(['5:1'])
})

test('A broker that answers nothing stops neither its lane nor the end', async () => {
  source.isSilent = true
  const errors: unknown[] = []
  fixture.stores.diagnostics.on('consume:error', ({ error }) => void errors.push(error))
  const consumption = source.start(fixture.stores, options({ timeoutMs: 50 }))
  source.deliver(received('5', 1))
  source.deliver(received('5', 2))
  await eventually(async () => expect(await fixture.effects()).toEqual(['5:1', '5:2']))
  await consumption.close()
  expect(errors.map(String)).toEqual(
    Array<string>(2).fill('Error: to acknowledge a message took longer than 50 ms'),
  )
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
