import { allDelivered, defineSink, Diagnostics, okAsync } from '@headwater/core'
import { describe, expect, test } from 'vitest'
import { nothingDelivered, type FailedEvent } from '../../../src/outbox/delivery.ts'
import { aggregateKey, type LoggedEvent } from '../../../src/outbox/log/event.ts'
import type { Ownership } from '../../../src/outbox/relay/ownership.ts'
import { Passage } from '../../../src/outbox/relay/passage.ts'

/** The event of a course at a position. */
const event = (seq: number, aggregateId = 'a'): LoggedEvent => ({
  id: `event ${seq}`,
  seq: BigInt(seq),
  aggregateType: 'course',
  aggregateId,
  type: 'course.updated',
  version: seq,
  payload: {},
  headers: {},
  createdAt: new Date(0),
  shard: 3,
})
const failed = (of: LoggedEvent, kind: FailedEvent['kind'] = 'retryable'): FailedEvent => ({
  event: of,
  kind,
  failure: { type: 'sink-failed', message: '503', retryable: kind === 'retryable' },
})

/** The first of many: a mistake would make them endless. */
function atMost<T>(count: number, all: Iterable<T>): T[] {
  const first: T[] = []
  for (const one of all) if (first.push(one) === count) break
  return first
}

function passageOf(mode: 'log' | 'state', stuck: readonly string[] = []) {
  const keys = new Set(
    stuck.map((aggregateId) => aggregateKey({ aggregateType: 'course', aggregateId })),
  )
  const ownership = {
    stuckIn: (shard: number) => (shard === 3 ? keys : new Set()),
    get hasStuck() {
      return keys.size > 0
    },
  } as unknown as Ownership
  const reported: string[] = []
  const diagnostics = new Diagnostics()
  diagnostics.on('outbox:failed', ({ retryable }) => reported.push(`failed ${retryable}`))
  diagnostics.on('outbox:dead', ({ eventId }) => reported.push(`dead ${eventId}`))
  diagnostics.on('outbox:parked', ({ aggregateId }) => reported.push(`parked ${aggregateId}`))
  const handle = () => okAsync(allDelivered)
  const sink = defineSink({ name: 'recorder', types: ['*'], mode, handle })
  const limits = { maxAttempts: 3, maxBackOffMs: 1_000 }
  const passage = new Passage({ sink, diagnostics, limits }, ownership)
  /** What the next acknowledgement writes, as `status seq` and `aggregate seq`. */
  const rows = (upTo?: bigint) => {
    const { failures, settled } = passage.takeRows(upTo)
    return [
      failures.map(({ status, seq }) => `${status} ${seq}`),
      settled.map(({ aggregateid, seq }) => `${aggregateid} ${seq}`),
    ]
  }
  return { passage, reported, rows, names: () => [...keys].map((key) => key.split('\0')[1]) }
}

describe('batches', () => {
  test('Events are split by the size that is asked for each time, and the last one is known', () => {
    const { passage } = passageOf('log')
    const sizes = [2, 1, 5]
    const batches = passage.batches(
      [1, 2, 3, 4].map((seq) => event(seq)),
      () => sizes.shift() ?? 0,
    )
    expect(
      atMost(5, batches).map(({ events, isLast, lastSeq }) => [events.length, isLast, lastSeq]),
    ).toEqual([
      [2, false, 2n],
      [1, false, 3n],
      [1, true, 4n],
    ])
    expect(
      atMost(
        5,
        passage.batches([], () => 5),
      ),
    ).toEqual([])
  })

  test('A state sink gets the newest event of each aggregate, in their order; a log sink all', () => {
    const events = [event(1, 'a'), event(2, 'b'), event(3, 'a')]
    const seqs = (mode: 'log' | 'state') =>
      passageOf(mode)
        .passage.select(events)
        .map(({ seq }) => seq)
    expect(seqs('state')).toEqual([2n, 3n])
    expect(seqs('log')).toEqual([1n, 2n, 3n])
  })
})

describe('events of an aggregate that is stuck', () => {
  test('They wait in a log sink, and are recorded', () => {
    const { passage, rows } = passageOf('log', ['a'])
    expect(passage.admit([event(1, 'a'), event(2, 'b')])).toEqual([event(2, 'b')])
    expect([passage.mustWait(event(3, 'a')), passage.mustWait(event(4, 'b'))]).toEqual([
      true,
      false,
    ])
    expect(rows()).toEqual([['parked 1'], []])
  })

  test('They do not wait in a state sink, and settle what failed before', () => {
    const { names, passage, rows } = passageOf('state', ['a'])
    const batch = [event(1, 'a'), event(2, 'b')]
    expect(passage.admit(batch)).toEqual(batch)
    passage.take({ ...nothingDelivered, delivered: batch })
    expect([rows(), names()]).toEqual([[[], ['a 1']], []])
  })

  test('A log sink settles nothing by what it delivers', () => {
    const { names, passage, rows } = passageOf('log', ['a'])
    passage.take({ ...nothingDelivered, delivered: [event(1, 'a')] })
    expect([rows(), names()]).toEqual([[[], []], ['a']])
  })
})

describe('events that fail', () => {
  test('In a log sink later events of the aggregate wait', () => {
    const { names, passage, reported, rows } = passageOf('log')
    passage.take({ delivered: [], failed: [failed(event(1))], waiting: [event(2)] })
    expect(reported).toEqual(['failed true', 'parked a'])
    expect([passage.hasRows, names()]).toEqual([true, ['a']])
    expect(rows()).toEqual([['retry 1', 'parked 2'], []])
    expect(passage.hasRows).toBe(false)
  })

  test('In a state sink the failure replaces those before it', () => {
    const { passage, rows } = passageOf('state')
    passage.take({ ...nothingDelivered, failed: [failed(event(5))] })
    expect(rows()).toEqual([['retry 5'], ['a 4']])
  })

  test('A permanent failure makes a dead letter', () => {
    const { passage, reported, rows } = passageOf('log')
    passage.take({ ...nothingDelivered, failed: [failed(event(1), 'permanent')] })
    expect(reported).toEqual(['failed false', 'dead event 1'])
    expect(rows()).toEqual([['dead 1'], []])
  })

  test('Events that may have ended the process wait to be tried alone', () => {
    const { names, passage } = passageOf('log')
    passage.suspect([event(1)])
    expect(names()).toEqual(['a'])
    expect(passage.takeRows(undefined).failures).toMatchObject([
      { seq: '1', status: 'retry', started: 1, finished: 0 },
    ])
  })
})

test('Rows after the position of an acknowledgement are dropped', () => {
  const { passage, rows } = passageOf('state', ['a', 'b', 'c'])
  const [first, second, third] = [event(1, 'a'), event(2, 'b'), event(3, 'c')]
  passage.take({ ...nothingDelivered, delivered: [first, second, third] })
  passage.suspect([event(4), event(5), event(6)])
  expect(rows(2n)).toEqual([[], ['a 1', 'b 2']])
  expect(passage.hasRows).toBe(false)
  expect(rows()).toEqual([[], []])
})

test('An acknowledgement has rows also where only failures that are done with are written', () => {
  const { passage } = passageOf('state', ['a'])
  expect(passage.hasRows).toBe(false)
  passage.take({ ...nothingDelivered, delivered: [event(1)] })
  expect(passage.hasRows).toBe(true)
})
