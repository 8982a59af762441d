import { Diagnostics, err, okAsync, ResultAsync, type StoreError } from '@headwater/core'
import { describe, expect, test } from 'vitest'
import { ActivityBuffer, type BufferStores } from '../../src/activity/activity-buffer.ts'
import type { ActivityEntry } from '../../src/activity/activity-entry.ts'

const options = { maxBuffered: 100, batchSize: 10, flushIntervalMs: 500, retryMs: 1_000 }

const unavailable: StoreError = {
  type: 'store-unavailable',
  store: 'mongodb',
  operation: 'activity-write',
  message: 'down',
  retryable: true,
}

function entryOf(n: number): ActivityEntry {
  const at = { id: `e${n}`, at: n }
  return { ...at, kind: 'activity', userId: null, type: 'a.b', data: {}, metadata: {} }
}

/** A buffer whose MongoDB takes `writeMs` per batch by a clock of its own. */
function bufferFixture({ writeMs, isDown = false }: { writeMs: number; isDown?: boolean }) {
  let nowMs = 0
  const [written, spilled, dropped]: [string[], string[], number[]] = [[], [], []]
  const diagnostics = new Diagnostics()
  diagnostics.on('activity:dropped', ({ count }) => void dropped.push(count))
  const stores: BufferStores = {
    clock: { now: () => nowMs, monotonic: () => nowMs },
    diagnostics,
  }
  const buffer = new ActivityBuffer(
    stores,
    {
      log: {
        write: (entries) => {
          nowMs += writeMs
          if (isDown) return new ResultAsync(Promise.resolve(err(unavailable)))
          written.push(...entries.map(({ id }) => id))
          return okAsync([])
        },
      },
      spill: {
        append: (entries) => {
          spilled.push(...entries.map(({ id }) => id))
          return okAsync(true)
        },
        oldest: () => okAsync([]),
        remove: () => okAsync(undefined),
      },
    },
    options,
  )
  return { buffer, written, spilled, dropped }
}

describe('the buffer of activity', () => {
  test('A MongoDB slower than the flush interval makes a crowded buffer spill before it is full', async () => {
    const { buffer, written, spilled, dropped } = bufferFixture({ writeMs: 501 })
    for (let n = 0; n < 80; n += 1) buffer.add(entryOf(n))
    await buffer.flush()
    expect(written).toEqual(Array.from({ length: 10 }, (_, n) => `e${n}`))
    expect(spilled).toEqual(Array.from({ length: 70 }, (_, n) => `e${n + 10}`))
    expect(dropped).toEqual([])
    await buffer.close(0)
  })

  test('A slow MongoDB alone does not make an uncrowded buffer spill', async () => {
    const { buffer, written, spilled } = bufferFixture({ writeMs: 501 })
    for (let n = 0; n < 50; n += 1) buffer.add(entryOf(n))
    await buffer.flush()
    expect([written.length, spilled.length]).toEqual([50, 0])
    await buffer.close(0)
  })

  test('A fast MongoDB takes all of a crowded buffer', async () => {
    const { buffer, written, spilled } = bufferFixture({ writeMs: 500 })
    for (let n = 0; n < 100; n += 1) buffer.add(entryOf(n))
    await buffer.flush()
    expect([written.length, spilled.length]).toEqual([100, 0])
    await buffer.close(0)
  })

  test('A buffer at its limit drops further entries and reports each', async () => {
    const { buffer, dropped } = bufferFixture({ writeMs: 1, isDown: true })
    for (let n = 0; n < 103; n += 1) buffer.add(entryOf(n))
    expect(dropped).toEqual([1, 1, 1])
    await buffer.close(0)
  })
})
