import { describe, expect, test } from 'vitest'
import {
  collectMetrics,
  errAsync,
  okAsync,
  orThrow,
  outboxStatus,
  removeSink,
  type Sink,
} from '@headwater/core'
import { eventually } from '@headwater/testing'
import { openCursors } from '../../../src/outbox/relay/cursor.ts'
import { purge } from '../../../src/outbox/log/purge.ts'
import { advance } from '../../../src/outbox/log/tick.ts'
import { change, nothingOlder, recordingSink, useOutbox, type Outbox } from '../outbox-fixture.ts'

const open = useOutbox()

/** Delivers what there is, and makes no tick afterwards. */
async function drain(outbox: Outbox, sink: Sink): Promise<void> {
  const relay = outbox.relay([sink])
  orThrow(await relay.drain())
  orThrow(await relay.stop())
}

describe('a sink that is far behind', () => {
  test('is told by status as the one that the purge waits for, with what the log takes', async () => {
    const outbox = await open()
    const { client } = outbox.stores.postgres
    await openCursors(client, recordingSink({ name: 'left-behind' }))
    const quick = recordingSink({ name: 'quick' })
    await drain(outbox, quick)
    const empty = orThrow(await outboxStatus(outbox.stores))
    await outbox.publish(
      ...Array.from({ length: 2_000 }, (_, version) => change(version % 10, version)),
    )
    await nothingOlder(outbox)
    await drain(outbox, quick)
    const { sinks, logBytes } = orThrow(await outboxStatus(outbox.stores))
    expect(sinks).toMatchObject([
      { sink: 'left-behind', lagEvents: 2_000, holdsPurge: true, unowned: 64 },
      { sink: 'quick', lagEvents: 0, holdsPurge: false },
    ])
    expect(logBytes).toBeGreaterThan(empty.logBytes + 200_000)
    expect(await purge(client, { retentionMs: 0 })).toBe(0)
    orThrow(await removeSink(outbox.stores, 'left-behind'))
    expect(await purge(client, { retentionMs: 0 })).toBe(2_000)
    expect(orThrow(await outboxStatus(outbox.stores)).sinks).toMatchObject([
      { sink: 'quick', holdsPurge: false },
    ])
  })

  test('shows in the metrics of a relay, more and more while it is stuck, whoever serves it, and no more when it has caught up', async () => {
    const outbox = await open()
    const metrics = collectMetrics(outbox.diagnostics)
    const behindMs = (sink: string): number | undefined => metrics.snapshot().relay[sink]?.behindMs
    let isDown = true
    const stuck = recordingSink({
      name: 'stuck',
      before: () =>
        isDown
          ? errAsync({ type: 'sink-failed', message: '503', retryable: true })
          : okAsync({ failed: [] }),
    })
    await openCursors(outbox.stores.postgres.client, recordingSink({ name: 'unserved' }))
    const relay = outbox.relay([stuck, recordingSink({ name: 'quick' })], {
      purgeMs: 30,
      retentionMs: 60_000,
    })
    relay.start()
    await eventually(() => {
      expect([behindMs('stuck'), behindMs('unserved'), behindMs('quick')]).toEqual([0, 0, 0])
    })
    await outbox.publish(change(1, 1))
    await eventually(() => {
      expect(behindMs('stuck')).toBeGreaterThan(0)
    })
    const firstMs = behindMs('stuck') ?? 0
    await eventually(() => {
      expect(behindMs('stuck')).toBeGreaterThan(firstMs + 100)
    })
    expect(behindMs('unserved')).toBeGreaterThan(firstMs)
    await eventually(() => {
      expect(behindMs('quick')).toBe(0)
    })
    isDown = false
    await eventually(() => {
      expect([behindMs('stuck'), stuck.seen.length]).toEqual([0, 1])
    })
  })

  test('is at the head at once when it is removed and starts there, and the log is free of what it lacked', async () => {
    const outbox = await open()
    const { client } = outbox.stores.postgres
    await openCursors(client, recordingSink())
    await outbox.publish(change(1, 1), change(1, 2))
    await advance(client, { gapMs: 0, maxEvents: 0 })
    orThrow(await removeSink(outbox.stores, 'recorder'))
    const sink = recordingSink({ startAt: 'head' })
    await drain(outbox, sink)
    await outbox.publish(change(1, 3))
    await nothingOlder(outbox)
    await drain(outbox, sink)
    expect(sink.seen).toEqual(['1@3'])
    expect(await purge(client, { retentionMs: 0 })).toBe(3)
  })
})
