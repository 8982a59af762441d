import { EventEmitter } from 'node:events'
import type { RedisClientType } from '@redis/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MessageLink } from '../../../src/stores/redis/message-link.ts'
import type { RedisStore } from '../../../src/stores/redis/redis-store.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A client that is refused: it says so by an event and by the promise of `connect`. */
class RefusedClient extends EventEmitter {
  connect(): Promise<void> {
    const error = new Error('refused')
    this.emit('error', error)
    return Promise.reject(error)
  }

  destroy(): void {
    this.removeAllListeners()
  }
}

test('A server that refuses is tried again ever less often, one connection after the other', async () => {
  let attempts = 0
  const client = {
    sendCommand: async () => 'db=0',
    options: { socket: {} },
    duplicate: () => {
      attempts += 1
      return new RefusedClient()
    },
  } as unknown as RedisClientType
  const errors: unknown[] = []
  const onTrustLost = () => () => undefined
  const store = { client, isAvailable: true, onTrustLost } as unknown as RedisStore
  const link = new MessageLink(store, 'any', {
    onMessage: () => undefined,
    onLost: () => undefined,
    onError: (error) => errors.push(error),
  })
  await vi.advanceTimersByTimeAsync(10 * 60_000)
  // Six at first, then one in ten seconds, give or take half of them at random.
  expect(attempts).toBeGreaterThan(40)
  expect(attempts).toBeLessThan(130)
  expect(errors).toHaveLength(1)
  link.close()
  const before = attempts
  await vi.advanceTimersByTimeAsync(60_000)
  expect(attempts).toBe(before)
})
