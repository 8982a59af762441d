import { describe, expect, test } from 'vitest'
import { collectMetrics, errAsync, okAsync, orThrow, type Sink } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { openCursors } from '../../../src/outbox/relay/cursor.ts'
import { purge } from '../../../src/outbox/log/purge.ts'
import { advance } from '../../../src/outbox/log/tick.ts'
import {
  change,
  deadRelay,
  nothingOlder,
  type OutboxFixture,
  recordingSink,
  useOutbox,
} from '../outbox-fixture.ts'

const open = useOutbox()

/** Delivers what there is, and makes no tick afterwards. */
async function drain(fixture: OutboxFixture, sink: Sink): Promise<void> {
  const relay = fixture.relay([sink])
  orThrow(await relay.drain())
  orThrow(await relay.stop())
}

describe('a sink that is far behind', () => {
  test('status names the sink that the purge waits for and the size of the log', async () => {
    const fixture = await open()
    const { client } = fixture.stores.postgres
    await openCursors(client, deadRelay(recordingSink({ name: 'left-behind' })))
    const quick = recordingSink({ name: 'quick' })
    await drain(fixture, quick)
    const empty = orThrow(await fixture.outbox.status())
    await fixture.publish(
      ...Array.from({ length: 2_000 }, (_, version) => change(version % 10, version)),
    )
    await nothingOlder(fixture)
    await drain(fixture, quick)
    const { sinks, logBytes } = orThrow(await fixture.outbox.status())
    expect(sinks).toMatchObject([
      { sink: 'left-behind', lagEvents: 2_000, holdsPurge: true, unowned: 64 },
      { sink: 'quick', lagEvents: 0, holdsPurge: false },
    ])
    expect(logBytes).toBeGreaterThan(empty.logBytes + 200_000)
    expect(await purge(client, { retentionMs: 0 })).toBe(0)
    orThrow(await fixture.outbox.removeSink('left-behind'))
    expect(await purge(client, { retentionMs: 0 })).toBe(2_000)
    expect(orThrow(await fixture.outbox.status()).sinks).toMatchObject([
      { sink: 'quick', holdsPurge: false },
    ])
  })

  test('behindMs rises in the metrics of any relay while a sink is stuck and falls when it catches up', async () => {
    const fixture = await open()
    const metrics = collectMetrics(fixture.diagnostics)
    const behindMs = (sink: string): number | undefined => metrics.snapshot().relay[sink]?.behindMs
    let isDown = true
    const stuck = recordingSink({
      name: 'stuck',
      before: () =>
        isDown
          ? errAsync({ type: 'sink-failed', message: '503', retryable: true })
          : okAsync({ failed: [] }),
    })
    await openCursors(
      fixture.stores.postgres.client,
      deadRelay(recordingSink({ name: 'unserved' })),
    )
    const relay = fixture.relay([stuck, recordingSink({ name: 'quick' })], {
      purgeMs: 30,
      retentionMs: 60_000,
    })
    relay.start()
    await eventually(() => {
      expect([behindMs('stuck'), behindMs('unserved'), behindMs('quick')]).toEqual([0, 0, 0])
    })
    await fixture.publish(change(1, 1))
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

  test('A sink that is removed and starts at the head is there at once and frees the log', async () => {
    const fixture = await open()
    const { client } = fixture.stores.postgres
    await openCursors(client, deadRelay())
    await fixture.publish(change(1, 1), change(1, 2))
    await advance(client, { gapMs: 0, maxEvents: 0 })
    orThrow(await fixture.outbox.removeSink('recorder'))
    const sink = recordingSink({ startAt: 'head' })
    await drain(fixture, sink)
    await fixture.publish(change(1, 3))
    await nothingOlder(fixture)
    await drain(fixture, sink)
    expect(sink.seen).toEqual(['1@3'])
    expect(await purge(client, { retentionMs: 0 })).toBe(3)
  })
})
