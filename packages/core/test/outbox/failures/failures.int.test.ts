import { describe, expect, test } from 'vitest'
import {
  err,
  errAsync,
  okAsync,
  orThrow,
  ResultAsync,
  type OutboxEvent,
  type Sink,
  type SinkFailure,
  type SinkReport,
} from '@headwater/core'
import { eventually } from '@headwater/testing'
import {
  change,
  collect,
  nameOf,
  recordingSink,
  useOutbox,
  versionsOf,
  type OutboxFixture,
} from '../outbox-fixture.ts'

const open = useOutbox()

const permanent = (message = 'the document is too large'): SinkFailure => ({
  type: 'sink-failed',
  message,
  retryable: false,
})
const unavailable: SinkFailure = { type: 'sink-failed', message: '503', retryable: true }
const reporting =
  (isBad: (event: OutboxEvent) => boolean, failure = permanent()): Sink['handle'] =>
  (batch) =>
    okAsync<SinkReport, SinkFailure>({
      failed: batch.filter(isBad).map(({ id }) => ({ id, failure })),
    })

interface FailureRow {
  readonly aggregateid: string
  readonly version: number
  readonly status: string
  readonly started: number
  readonly finished: number
}
const failures = (fixture: OutboxFixture): Promise<FailureRow[]> =>
  fixture.rows<FailureRow>(
    `SELECT aggregateid, (event ->> 'version')::int AS version, status, started, finished
     FROM @schema.outbox_failure ORDER BY seq`,
  )

describe('a sink that reports a permanent failure', () => {
  test('A permanent failure makes a dead letter at once; later siblings wait, all others are delivered', async () => {
    const fixture = await open()
    const dead = collect(fixture.diagnostics, 'outbox:dead')
    const sink = recordingSink({ before: reporting((event) => nameOf(event) === '1@2') })
    const other = recordingSink({ name: 'other' })
    const relay = fixture.relay([sink, other])
    await fixture.publish(change(1, 1), change(2, 1), change(1, 2), change(1, 3), change(2, 2))
    orThrow(await relay.drain())
    await fixture.publish(change(1, 4), change(2, 3))
    orThrow(await relay.drain())
    expect(versionsOf(sink.seen, 1)).toEqual([1, ...(sink.seen.includes('1@3') ? [3] : [])])
    expect(versionsOf(sink.seen, 2)).toEqual([1, 2, 3])
    expect(versionsOf(other.seen, 1)).toEqual([1, 2, 3, 4])
    expect(await failures(fixture)).toMatchObject([
      { version: 2, status: 'dead' },
      { version: 3, status: 'parked' },
      { version: 4, status: 'parked' },
    ])
    expect(dead).toMatchObject([
      { sink: 'recorder', error: { message: 'the document is too large' } },
    ])
    expect(
      orThrow(await fixture.outbox.status()).sinks.find(({ sink: name }) => name === 'recorder'),
    ).toMatchObject({ parked: 2, dead: 1, lagEvents: 0 })
  })

  test('A refused batch is halved until the bad event is found, with few calls', async () => {
    const fixture = await open()
    let calls = 0
    const sink = recordingSink({
      before: (batch) => {
        calls += 1
        return batch.some((event) => nameOf(event) === '77@0')
          ? errAsync(permanent())
          : okAsync({ failed: [] })
      },
    })
    const relay = fixture.relay([sink])
    await fixture.publish(...Array.from({ length: 256 }, (_, id) => change(id, 0)))
    orThrow(await relay.drain())
    expect(sink.seen).toHaveLength(255)
    expect(await failures(fixture)).toMatchObject([{ aggregateid: '77', status: 'dead' }])
    expect(calls).toBeLessThan(20)
  })

  test('Nothing of an aggregate is delivered after its event that a halved batch was refused for', async () => {
    const fixture = await open()
    const sink = recordingSink({
      before: (batch) =>
        batch.some((event) => nameOf(event) === '1@2')
          ? errAsync(permanent())
          : okAsync({ failed: [] }),
    })
    const relay = fixture.relay([sink])
    await fixture.publish(
      ...Array.from({ length: 16 }, (_, version) => change(version % 2, version)),
    )
    orThrow(await relay.drain())
    expect(versionsOf(sink.seen, 0)).toEqual([0, 2, 4, 6, 8, 10, 12, 14])
    expect(versionsOf(sink.seen, 1)).toEqual([1, 3, 5, 7, 9, 11, 13, 15])
    await fixture.publish(change(1, 2), change(1, 16), change(0, 16))
    orThrow(await relay.drain())
    expect(versionsOf(sink.seen, 1)).not.toContain(16)
    expect(versionsOf(sink.seen, 0)).toContain(16)
  })
})

describe('dead letters', () => {
  test('Dead letters are listed and grouped by message, whatever ids and numbers it holds', async () => {
    const fixture = await open()
    const sink = recordingSink({
      before: (batch) =>
        okAsync({
          failed: batch.map((event, index) => ({
            id: event.id,
            failure: permanent(
              event.aggregateType === 'course'
                ? `row ${index + 1} is "too ${event.aggregateId}" large`
                : 'no such user',
            ),
          })),
        }),
    })
    const relay = fixture.relay([sink])
    await fixture.publish(change(1, 1), change(2, 1), change(3, 1, { aggregateType: 'user' }))
    orThrow(await relay.drain())
    const letters = fixture.outbox.deadLetters
    expect(orThrow(await letters.summary())).toMatchObject([
      { sink: 'recorder', count: 2, aggregates: 2 },
      { count: 1, message: 'no such user' },
    ])
    const [group] = orThrow(await letters.summary())
    expect(
      orThrow(await letters.list({ fingerprint: group?.fingerprint ?? '' })).map(
        ({ aggregateId }) => aggregateId,
      ),
    ).toEqual(['1', '2'])
    expect(orThrow(await letters.list({ aggregateType: 'user' }))).toMatchObject([
      { eventType: 'course.updated', attempts: 1, replays: 0, waiting: 0, payload: { version: 1 } },
    ])
  })

  test('A replay redelivers dead letters before the events that waited behind them and later ones', async () => {
    const fixture = await open()
    let isBroken = true
    const sink = recordingSink({
      before: reporting((event) => isBroken && nameOf(event) === '1@1'),
    })
    const relay = fixture.relay([sink])
    await fixture.publish(change(1, 1), change(1, 2))
    orThrow(await relay.drain())
    await fixture.publish(change(1, 3))
    orThrow(await relay.drain())
    sink.seen.length = 0
    isBroken = false
    expect(orThrow(await fixture.outbox.deadLetters.replay({ sink: 'recorder' }))).toBe(1)
    await eventually(() => {
      expect(sink.seen).toEqual(['1@1', '1@2', '1@3'])
    })
    await fixture.publish(change(1, 4))
    orThrow(await relay.drain())
    expect(sink.seen).toEqual(['1@1', '1@2', '1@3', '1@4'])
    expect(await failures(fixture)).toEqual([])
  })

  test('A dead letter whose replay fails stays dead, with another replay counted', async () => {
    const fixture = await open()
    const sink = recordingSink({ before: reporting(() => true) })
    const relay = fixture.relay([sink])
    await fixture.publish(change(1, 1))
    orThrow(await relay.drain())
    const letters = fixture.outbox.deadLetters
    orThrow(await letters.replay({}))
    await eventually(async () => {
      expect(orThrow(await letters.list())).toMatchObject([{ replays: 1, attempts: 2 }])
    })
  })

  test('Discarding a dead letter delivers the events that waited behind it', async () => {
    const fixture = await open()
    const sink = recordingSink({ before: reporting((event) => event.version === 1) })
    const relay = fixture.relay([sink])
    await fixture.publish(change(1, 1))
    orThrow(await relay.drain())
    await fixture.publish(change(1, 2), change(1, 3))
    orThrow(await relay.drain())
    expect(sink.seen).toEqual([])
    expect(
      orThrow(
        await fixture.outbox.deadLetters.discard({ aggregateType: 'course', aggregateId: 1 }),
      ),
    ).toBe(1)
    await eventually(() => {
      expect(sink.seen).toEqual(['1@2', '1@3'])
    })
    await fixture.publish(change(1, 4))
    orThrow(await relay.drain())
    expect(sink.seen).toEqual(['1@2', '1@3', '1@4'])
  })
})

describe('an event that failed', () => {
  test('A failed event is not lost when its failure cannot be written', async () => {
    const fixture = await open()
    let isBroken = true
    const sink = recordingSink({
      before: reporting((event) => isBroken && nameOf(event) === '1@1', unavailable),
    })
    await fixture.rows(`
      CREATE FUNCTION @schema.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''refused''; END';
      CREATE TRIGGER refuse BEFORE INSERT ON @schema.outbox_failure FOR EACH ROW EXECUTE FUNCTION @schema.refuse()`)
    const relay = fixture.relay([sink])
    await fixture.publish(change(1, 1), change(1, 2), change(2, 1))
    relay.start()
    await eventually(() => fixture.errors.length > 0)
    await fixture.rows('DROP TRIGGER refuse ON @schema.outbox_failure')
    orThrow(await relay.drain())
    isBroken = false
    await eventually(() => {
      expect(versionsOf(sink.seen, 1).slice(-2)).toEqual([1, 2])
    })
  })

  test('Events behind a failed one wait, whatever they have been marked as', async () => {
    const fixture = await open()
    let isBroken = true
    const sink = recordingSink({ before: reporting((event) => isBroken && event.version === 1) })
    const relay = fixture.relay([sink])
    await fixture.publish(change(1, 1), change(2, 1))
    orThrow(await relay.drain())
    await fixture.publish(change(1, 2))
    orThrow(await relay.drain())
    isBroken = false
    await fixture.rows(
      `UPDATE @schema.outbox_failure SET status = 'retry', next_at = 'epoch' WHERE status = 'parked'`,
    )
    orThrow(await fixture.outbox.deadLetters.replay({ aggregateId: 2 }))
    await eventually(() => {
      expect(sink.seen).toContain('2@1')
    })
    expect(sink.seen).toEqual(['2@1'])
    orThrow(await fixture.outbox.deadLetters.replay({}))
    await eventually(() => {
      expect(sink.seen).toEqual(['2@1', '1@1', '1@2'])
    })
  })
})

describe('a sink that is unavailable', () => {
  test('A sink that returns after an outage gets everything in order, with no attempt counted', async () => {
    const fixture = await open()
    let isDown = true
    const sink = recordingSink({
      before: () => (isDown ? errAsync(unavailable) : okAsync({ failed: [] })),
    })
    const relay = fixture.relay([sink])
    relay.start()
    const failed = collect(fixture.diagnostics, 'outbox:failed')
    await fixture.publish(change(1, 1), change(1, 2), change(2, 1))
    await eventually(() => failed.length >= 3)
    expect(await failures(fixture)).toEqual([])
    isDown = false
    orThrow(await relay.drain())
    expect(sink.seen).toEqual(['1@1', '1@2', '2@1'])
  })

  test('An unavailable sink delays no other sink', async () => {
    const fixture = await open()
    const down = recordingSink({ name: 'down', before: () => errAsync(unavailable) })
    const up = recordingSink({ name: 'up' })
    fixture.relay([down, up]).start()
    await fixture.publish(change(1, 1))
    await eventually(() => {
      expect(up.seen).toEqual(['1@1'])
    })
    expect(down.seen).toEqual([])
  })

  test('A sink that is unavailable for one event keeps only its aggregate waiting', async () => {
    const fixture = await open()
    let isBroken = true
    const sink = recordingSink({
      batchSize: 4,
      before: (batch) =>
        isBroken && batch.some(({ aggregateId }) => aggregateId === '1')
          ? errAsync(unavailable)
          : okAsync({ failed: [] }),
    })
    const relay = fixture.relay([sink], { maxBackOffMs: 50 })
    await fixture.publish(change(0, 1), change(1, 1), change(2, 1), change(1, 2), change(3, 1))
    orThrow(await relay.drain())
    expect(new Set(sink.seen)).toEqual(new Set(['0@1', '2@1', '3@1']))
    isBroken = false
    await eventually(() => {
      expect(versionsOf(sink.seen, 1)).toEqual([1, 2])
    })
  })

  test('Events that a sink cannot take yet are retried before their siblings while the rest continues', async () => {
    const fixture = await open()
    let isBroken = true
    const sink = recordingSink({
      before: reporting((event) => isBroken && nameOf(event) === '1@1', unavailable),
    })
    const relay = fixture.relay([sink])
    await fixture.publish(change(1, 1), change(2, 1))
    orThrow(await relay.drain())
    await fixture.publish(change(1, 2), change(2, 2))
    orThrow(await relay.drain())
    expect(sink.seen).toEqual(['2@1', '2@2'])
    isBroken = false
    await eventually(() => {
      expect(versionsOf(sink.seen, 1)).toEqual([1, 2])
    })
    await eventually(async () => {
      expect(await failures(fixture)).toEqual([])
    })
  })

  test('A sink that hangs is interrupted after its timeout and tried again', async () => {
    const fixture = await open()
    let isHanging = true
    const reasons: unknown[] = []
    const sink = recordingSink({
      timeoutMs: 100,
      before: (_, { signal }) =>
        isHanging ? failWhenAborted(signal, reasons) : okAsync({ failed: [] }),
    })
    const relay = fixture.relay([sink])
    relay.start()
    await fixture.publish(change(1, 1))
    await eventually(() => reasons.length >= 2)
    isHanging = false
    orThrow(await relay.drain())
    expect(sink.seen).toEqual(['1@1'])
    expect(reasons[0]).toMatchObject({ message: 'the sink took longer than 100 ms' })
  })
})

function failWhenAborted(
  signal: AbortSignal,
  reasons: unknown[],
): ResultAsync<SinkReport, SinkFailure> {
  return new ResultAsync(
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        reasons.push(signal.reason)
        resolve(err(permanent('aborted')))
      })
    }),
  )
}

describe('a sink that throws', () => {
  test('An event that makes a sink throw is tried maxAttempts times, then given up', async () => {
    const fixture = await open()
    const sink = recordingSink({
      before: (batch) => {
        if (batch.some(({ aggregateId }) => aggregateId === '1'))
          throw new TypeError('cannot read properties of undefined')
        return okAsync({ failed: [] })
      },
    })
    const relay = fixture.relay([sink], { maxAttempts: 3, maxBackOffMs: 100 })
    await fixture.publish(change(1, 1), change(2, 1))
    orThrow(await relay.drain())
    expect(sink.seen).toEqual(['2@1'])
    await eventually(async () => {
      expect(await failures(fixture)).toMatchObject([{ status: 'dead', started: 3, finished: 3 }])
    })
    expect(orThrow(await fixture.outbox.deadLetters.list())).toMatchObject([
      { message: 'TypeError: cannot read properties of undefined', attempts: 3 },
    ])
  })
})

describe('a retry', () => {
  test('No event that arrives during a retry overtakes it, as it does with a retry beside the loop', async () => {
    const fixture = await open()
    let isBroken = true
    const sink = recordingSink({
      before: reporting((event) => isBroken && nameOf(event) === '1@1', unavailable),
    })
    const relay = fixture.relay([sink])
    await fixture.publish(change(1, 1), change(9, 1))
    orThrow(await relay.drain())
    await fixture.publish(change(1, 2))
    orThrow(await relay.drain())
    isBroken = false
    for (let version = 3; version < 30; version += 1) await fixture.publish(change(1, version))
    orThrow(await relay.drain())
    await eventually(() => {
      expect(versionsOf(sink.seen, 1)).toHaveLength(29)
    })
    expect(versionsOf(sink.seen, 1)).toEqual(Array.from({ length: 29 }, (_, index) => index + 1))
    expect(retryBesideTheLoop()).toEqual([1, 2, 4, 3])
  })
})

/**
 * What happens when parked events are retried and unparked concurrently with the loop: 3 is parked
 * between the reading and the unparking.
 */
function retryBesideTheLoop(): number[] {
  const delivered: number[] = []
  const parked = new Set([1, 2])
  let isStuck = true
  const loop = (version: number): void => {
    if (isStuck) parked.add(version)
    else delivered.push(version)
  }
  const read = [...parked]
  loop(3)
  for (const version of read) {
    delivered.push(version)
    parked.delete(version)
  }
  isStuck = false
  loop(4)
  delivered.push(...parked)
  return delivered
}

describe('a state sink', () => {
  test('A state sink gets each aggregate once per batch, with its newest event', async () => {
    const fixture = await open()
    const sink = recordingSink({ mode: 'state' })
    await fixture.publish(
      ...Array.from({ length: 100 }, (_, version) => change(version % 4, version)),
    )
    const relay = fixture.relay([sink])
    orThrow(await relay.drain())
    expect(sink.seen).toEqual(['0@96', '1@97', '2@98', '3@99'])
  })

  test('A state sink continues with an aggregate after a dead event, and a later success clears it', async () => {
    const fixture = await open()
    const sink = recordingSink({ mode: 'state', before: reporting(({ version }) => version < 3) })
    const relay = fixture.relay([sink])
    await fixture.publish(change(1, 1))
    orThrow(await relay.drain())
    await fixture.publish(change(1, 2))
    orThrow(await relay.drain())
    expect(await failures(fixture)).toMatchObject([{ version: 2, status: 'dead' }])
    await fixture.publish(change(1, 3))
    orThrow(await relay.drain())
    expect(sink.seen).toEqual(['1@3'])
    expect(await failures(fixture)).toEqual([])
  })
})
