import { expect, test } from 'vitest'
import type { OutboxEvent } from '@headwater/core'
import { away, deferred, refused, refusedBatch } from '../../src/delivery/not-taken.ts'
import { sendByAggregate, type Send } from '../../src/delivery/send-by-aggregate.ts'
import { logged } from '../brokers-fixture.ts'

const events = [logged('a', 1), logged('b', 1), logged('a', 2), logged('b', 2), logged('a', 3)]
const nameOf = ({ aggregateId, version }: OutboxEvent): string => `${aggregateId}${version}`

/** A broker that answers in an order of the test's own. */
class Broker {
  readonly sent: string[] = []
  readonly #answers = new Map<string, (answer: Awaited<ReturnType<Send>>) => void>()

  readonly send: Send = (event) => {
    this.sent.push(nameOf(event))
    return new Promise((answer) => this.#answers.set(nameOf(event), answer))
  }

  async answer(name: string, answer?: Awaited<ReturnType<Send>>): Promise<void> {
    this.#answers.get(name)?.(answer)
    await new Promise(setImmediate)
  }
}

test('Aggregates are sent side by side, and each event after the confirmation of the one before', async () => {
  const broker = new Broker()
  const done = sendByAggregate(events, broker.send)
  expect(broker.sent).toEqual(['a1', 'b1'])
  await broker.answer('b1')
  expect(broker.sent).toEqual(['a1', 'b1', 'b2'])
  await broker.answer('a1')
  await broker.answer('a2')
  await broker.answer('b2')
  await broker.answer('a3')
  expect(broker.sent).toEqual(['a1', 'b1', 'b2', 'a2', 'a3'])
  expect((await done)._unsafeUnwrap()).toEqual({ failed: [] })
})

test.each([refused('too large'), deferred('full')])(
  'After an event that is not taken no later one of its aggregate is sent; others go on',
  async (notTaken) => {
    const broker = new Broker()
    const done = sendByAggregate(events, broker.send)
    await broker.answer('a1', notTaken)
    await broker.answer('b1')
    await broker.answer('b2')
    expect(broker.sent).toEqual(['a1', 'b1', 'b2'])
    const failed = [{ id: events[0]!.id, failure: notTaken.failure }]
    expect((await done)._unsafeUnwrap()).toEqual({ failed })
  },
)

test.each([away('lost'), refusedBatch('closed')])(
  'Once the broker is away nothing more is sent, and the batch fails with the first reason',
  async (notTaken) => {
    const broker = new Broker()
    const done = sendByAggregate(events, broker.send)
    await broker.answer('b1', notTaken)
    await broker.answer('a1', away('later'))
    expect(broker.sent).toEqual(['a1', 'b1'])
    expect((await done)._unsafeUnwrapErr()).toEqual(notTaken.failure)
  },
)
