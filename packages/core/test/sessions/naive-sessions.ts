import { randomUUID } from 'node:crypto'
import { orThrow, type RedisStore } from '@headwater/core'

/**
 * The control of the races, as sessions are often written: one key each, and a set per user that is
 * walked when all are revoked.
 */
export class NaiveSessions {
  readonly #redis: RedisStore

  constructor(redis: RedisStore) {
    this.#redis = redis
  }

  async create(userId: string): Promise<string> {
    const token = randomUUID()
    orThrow(
      await this.#redis.run('index', (client) =>
        client.sAdd(`${this.#redis.keyPrefix}naive:${userId}`, token),
      ),
    )
    orThrow(
      await this.#redis.run('store', (client) =>
        client.set(`${this.#redis.keyPrefix}naive:${token}`, userId),
      ),
    )
    return token
  }

  async rotate(token: string): Promise<string | undefined> {
    const userId = orThrow(
      await this.#redis.run('get', (client) =>
        client.getDel(`${this.#redis.keyPrefix}naive:${token}`),
      ),
    )
    return userId === null ? undefined : this.create(userId)
  }

  async revokeAll(userId: string): Promise<void> {
    const tokens = orThrow(
      await this.#redis.run('members', (client) =>
        client.sMembers(`${this.#redis.keyPrefix}naive:${userId}`),
      ),
    )
    orThrow(
      await this.#redis.run('remove', (client) =>
        Promise.all(tokens.map((token) => client.del(`${this.#redis.keyPrefix}naive:${token}`))),
      ),
    )
  }

  async isThere(token: string): Promise<boolean> {
    return (
      orThrow(
        await this.#redis.run('get', (client) =>
          client.get(`${this.#redis.keyPrefix}naive:${token}`),
        ),
      ) !== null
    )
  }
}
