import { expect, test } from 'vitest'
import { claim, openCursors } from '../../../src/outbox/relay/cursor.ts'
import { IntervalReader } from '../../../src/outbox/relay/interval-reader.ts'
import { TickLog } from '../../../src/outbox/log/tick-log.ts'
import { advance } from '../../../src/outbox/log/tick.ts'
import { change, deadRelay, recordingSink, useOutbox } from '../outbox-fixture.ts'

const open = useOutbox()

test('What is committed while a stretch is handed over is the next stretch', async () => {
  const fixture = await open()
  const { client: sql } = fixture.stores.postgres
  const sink = recordingSink()
  const owning = deadRelay(sink)
  await openCursors(sql, owning)
  const shards = await claim(sql, owning, 64)
  const ticks = new TickLog()
  const reader = new IntervalReader({ sql, ticks, sink, clock: fixture.stores.clock })
  const commit = async (version: number): Promise<void> => {
    await fixture.publish(change(1, version))
    ticks.add((await advance(sql, { gapMs: 0, maxEvents: 0 })).newest, undefined)
  }
  await commit(1)
  const first = await reader.next(shards)
  await commit(2)
  const second = await reader.next(shards.map((shard) => ({ ...shard, ...first?.end })))
  expect([first, second].map((stretch) => stretch?.events.map(({ version }) => version))).toEqual([
    [1],
    [2],
  ])
})
