import { Diagnostics, errAsync, okAsync } from '@headwater/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Hints } from '../../../src/stores/redis/hints.ts'
import type { RedisStore } from '../../../src/stores/redis/redis-store.ts'

let sent: number
let listeners: number | 'refused'

beforeEach(() => {
  vi.useFakeTimers()
  sent = 0
  listeners = 1
})
afterEach(() => {
  vi.useRealTimers()
})

function hintsOver(client: object = {}): Hints {
  const redis = {
    client,
    keyPrefix: '',
    isAvailable: true,
    run: () => {
      sent += 1
      return listeners === 'refused' ? errAsync('no') : okAsync(listeners)
    },
  } as unknown as RedisStore
  const clock = { now: () => Date.now(), monotonic: () => Date.now() }
  return new Hints({ redis, clock, diagnostics: new Diagnostics() }, 'subject')
}

/** Gives so many hints in a row and waits, then tells how many messages were sent. */
async function sentBy(hints: Hints, count: number, waitMs = 25): Promise<number> {
  const before = sent
  for (let given = 0; given < count; given += 1) hints.give()
  await vi.advanceTimersByTimeAsync(waitMs)
  return sent - before
}

test('One hint is given at once, and one more ten milliseconds later stands for all others', async () => {
  const hints = hintsOver()
  hints.give()
  expect(sent).toBe(1)
  expect(await sentBy(hints, 100, 9)).toBe(0)
  expect(await sentBy(hints, 0, 2)).toBe(1)
  expect(await sentBy(hints, 0, 1_000)).toBe(0)
})

test.each([0, 'refused'] as const)(
  'Where nobody listens (%s) a hint is tried once in a second',
  async (answer) => {
    listeners = answer
    const hints = hintsOver()
    expect(await sentBy(hints, 1)).toBe(1)
    expect(await sentBy(hints, 5, 900)).toBe(0)
    await vi.advanceTimersByTimeAsync(100)
    expect(await sentBy(hints, 1)).toBe(1)
  },
)

test('A cluster, whose nodes know their own listeners only, is always told', async () => {
  listeners = 0
  const hints = hintsOver({ masters: [] })
  expect(await sentBy(hints, 1)).toBe(1)
  expect(await sentBy(hints, 1)).toBe(1)
})
