import { createSessions, orThrow, type Result, type Sessions } from '@headwater/core'
import { eventually, faultProxy } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SessionFixture, sessionFixture } from './session-fixture.ts'
import { SteppedRedis, steppedStores } from './stepped-redis.ts'

let fixture: SessionFixture
beforeAll(async () => {
  fixture = await sessionFixture()
})
afterAll(() => fixture.dispose())

/** A Redis that forgets its trust on request, as after a lost connection. */
class DoubtedRedis extends SteppedRedis {
  readonly #listeners = new Set<() => void>()
  #isUp = true

  override get isAvailable(): boolean {
    return this.#isUp && super.isAvailable
  }

  override onTrustLost(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  lose(): void {
    this.#isUp = false
    for (const listener of this.#listeners) listener()
    this.#isUp = true
  }
}

interface Failed {
  readonly type: string
}

const calls: readonly (readonly [
  name: string,
  earlierFlushes: number,
  call: (sessions: Sessions, token: string, userId: string) => Promise<Result<unknown, Failed>>,
])[] = [
  ['create', 1, async (sessions, _token, userId) => sessions.create({ userId })],
  ['get', 0, async (sessions, token) => sessions.get(token)],
  ['touch', 0, async (sessions, token) => sessions.touch(token)],
  ['rotate', 2, async (sessions, token) => sessions.rotate(token)],
  ['list', 1, async (sessions, _token, userId) => sessions.list(userId)],
]

describe('trust in Redis', () => {
  test.each(calls)(
    'An answer of %s that was under way when trust was lost is withheld until PostgreSQL answers',
    async (name, earlierFlushes, call) => {
      const postgres = await faultProxy(fixture.own.postgres.url)
      const { stores: opened } = await fixture.open({ postgres: { url: postgres.url } })
      const stores = steppedStores(opened)
      const redis = new DoubtedRedis(stores.redis)
      const sessions = createSessions({ ...stores, redis }, { lookEveryMs: 3_600_000 })
      const userId = `doubted ${name}`
      const { token } = orThrow(await sessions.create({ userId }))
      redis.hold()
      const answer = call(sessions, token, userId)
      for (let flush = 0; flush < earlierFlushes; flush += 1) {
        await eventually(() => redis.isWaiting)
        redis.step()
      }
      await eventually(() => redis.isWaiting)
      postgres.cut()
      redis.lose()
      redis.free()
      expect((await answer)._unsafeUnwrapErr()).toMatchObject({
        type: 'store-unavailable',
        store: 'postgres',
      })
      postgres.restore()
      await eventually(async () => (await sessions.list(userId)).isOk())
      orThrow(await opened.close())
      await postgres.close()
    },
  )
})
