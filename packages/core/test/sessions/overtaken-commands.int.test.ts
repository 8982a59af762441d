import { createSessions, orThrow, type CallOptions } from '@headwater/core'
import { eventually } from '@headwater/testing'
import type { RedisClientType } from '@redis/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { indexKey, userName } from '../../src/sessions/session-keys.ts'
import { type SessionFixture, type SessionProcess, sessionFixture } from './session-fixture.ts'
import { SteppedRedis, steppedStores } from './stepped-redis.ts'

let fixture: SessionFixture
let plain: SessionProcess
beforeAll(async () => {
  fixture = await sessionFixture()
  plain = await fixture.open()
})
afterAll(() => fixture.dispose())

/** Whatever a command must wait for; a command fails with what this throws. */
type Before = (command: { operation: string; name: string; key: string }) => Promise<void>

/** A Redis where commands of one flush overtake each other, as those to two masters do. */
class OvertakenRedis extends SteppedRedis {
  before: Before = async () => {}

  override run<T>(
    operation: string,
    command: (client: RedisClientType) => Promise<T>,
    options?: CallOptions,
  ) {
    return super.run(operation, (client) => command(this.#slow(client, operation)), options)
  }

  #slow(client: RedisClientType, operation: string): RedisClientType {
    return new Proxy(client, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return async (first: unknown, ...more: { keys?: string[] }[]) => {
          const key = typeof first === 'string' ? (more[0]?.keys?.[0] ?? first) : ''
          await this.before({ operation, name: String(name), key })
          return (value as (...args: unknown[]) => unknown).call(target, first, ...more)
        }
      },
    })
  }
}

async function overtaken(maxPerUser = 100) {
  const { stores } = await fixture.open({ redis: { deadlineMs: 60_000 } })
  const redis = new OvertakenRedis(stores.redis)
  const sessions = createSessions({ ...steppedStores(stores), redis }, { maxPerUser })
  orThrow(await sessions.list('nobody'))
  return { redis, sessions }
}

describe('commands that overtake each other', () => {
  test('A session that a failed rotation leaves is ended by a revocation of all', async () => {
    const { redis, sessions } = await overtaken()
    const { token } = orThrow(await sessions.create({ userId: 'rotating' }))
    redis.before = async ({ operation, name }) => {
      if (operation === 'rotate session' && name === 'getDel') throw new Error('the master is down')
    }
    const failed = await sessions.rotate(token)
    expect(failed.isErr()).toBe(true)
    expect(orThrow(await plain.sessions.get(token))).toBeDefined()
    orThrow(await plain.sessions.revokeAll('rotating'))
    expect(orThrow(await plain.sessions.get(token))).toBeUndefined()
  })

  test('A session that is stored while the index forgets it survives no revocation of all', async () => {
    const [slow, other] = [await overtaken(), await overtaken(1)]
    const [stored, forgetting, forgotten] = [1, 2, 3].map(() => Promise.withResolvers<void>()) as [
      PromiseWithResolvers<void>,
      PromiseWithResolvers<void>,
      PromiseWithResolvers<void>,
    ]
    slow.redis.before = async ({ operation, key }) => {
      if (operation === 'begin session' && !key.endsWith(':sessions')) await stored.promise
    }
    other.redis.before = async ({ operation, name }) => {
      if (operation !== 'forget sessions' || name !== 'zRem') return
      forgetting.resolve()
      await forgotten.promise
    }
    const creating = slow.sessions.create({ userId: 'forgotten' })
    const { client, keyPrefix } = plain.stores.redis
    await eventually(
      async () => (await client.keys(`${keyPrefix}user:*forgotten*:sessions`)).length === 1,
    )
    const beginning = other.sessions.create({ userId: 'forgotten' })
    await forgetting.promise
    stored.resolve()
    const { token } = orThrow(await creating)
    forgotten.resolve()
    orThrow(await beginning)
    orThrow(await plain.sessions.revokeAll('forgotten'))
    expect(orThrow(await plain.sessions.get(token))).toBeUndefined()
  })
})

test('The index of a user outlives the log of its revocations', async () => {
  const absoluteTtlMs = 3_600_000
  const { stores, sessions } = await fixture.open({}, { absoluteTtlMs })
  orThrow(await sessions.revokeAll('leaver'))
  const { client, keyPrefix } = stores.redis
  const lifeMs = Number(await client.pTTL(indexKey({ keyPrefix }, userName('leaver'))))
  // The log keeps a revocation for a minute longer than sessions, and is purged every hour.
  expect(lifeMs).toBeGreaterThan(absoluteTtlMs + 60_000 + 2 * 3_600_000)
})
