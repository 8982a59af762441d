import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { connect, createSessions, orThrow, type Stores } from '@headwater/core'
import { eventually, faultProxy, isolate, type IsolatedStores } from '@headwater/testing'

let own: IsolatedStores<'postgres' | 'redis'>
let stores: Stores
let users = 0

beforeAll(async () => {
  own = await isolate(inject('stack'))
  stores = await open(own.redis.url)
})
afterAll(async () => {
  orThrow(await stores.close())
  await own.dispose()
})

async function open(url: string): Promise<Stores> {
  return orThrow(await connect({ postgres: { url: own.postgres.url }, redis: { url, keyPrefix: own.redis.prefix } }))
}

const newUser = () => `user ${users += 1}`

async function dump(): Promise<string> {
  const keys = orThrow(await stores.redis.run('keys', (client) => client.keys(`${own.redis.prefix}*`)))
  const values = await Promise.all(keys.map((key) => stores.redis.run('dump', (client) => client.sendCommand(key.includes('session:') ? ['HGETALL', key] : ['ZRANGE', key, '0', '-1']))))
  return JSON.stringify([keys, values])
}

describe('a session', () => {
  test('is found by its token, with what was given', async () => {
    const sessions = createSessions(stores)
    const startedMs = Date.now()
    const { token, expiresAt } = orThrow(await sessions.create({ userId: 7, data: { role: 'student' } }))
    expect(token).toMatch(/^[\w-]{43}$/)
    const session = orThrow(await sessions.get(token))
    expect(session).toMatchObject({ userId: 7, data: { role: 'student' } })
    expect(Math.abs(expiresAt.getTime() - startedMs - 86_400_000)).toBeLessThan(5_000)
    expect(Math.abs((session?.createdAt.getTime() ?? 0) - startedMs)).toBeLessThan(5_000)
  })

  test('cannot be taken over by somebody who reads Redis', async () => {
    const { token } = orThrow(await createSessions(stores).create({ userId: newUser() }))
    expect(await dump()).not.toContain(token)
  })

  test('is not there for a token that is unknown or none', async () => {
    const sessions = createSessions(stores)
    const tokens = ['', 'x', '*', 'A'.repeat(43), `${'A'.repeat(42)}\n`]
    expect(await Promise.all(tokens.map(async (token) => orThrow(await sessions.get(token))))).toEqual(tokens.map(() => undefined))
  })

  test('ends when it is not used, and lasts while it is', async () => {
    const sessions = createSessions(stores, { ttlMs: 250 })
    const used = orThrow(await sessions.create({ userId: newUser() }))
    const unused = orThrow(await sessions.create({ userId: newUser() }))
    await eventually(async () => { expect(orThrow(await sessions.get(used.token))).toBeDefined(); return Date.now() > used.expiresAt.getTime() + 100 })
    expect(orThrow(await sessions.get(unused.token))).toBeUndefined()
    expect(orThrow(await sessions.get(used.token))).toBeDefined()
  })

  test('ends at its absolute limit however much it is used', async () => {
    const sessions = createSessions(stores, { ttlMs: 200, absoluteTtlMs: 400 })
    const { token } = orThrow(await sessions.create({ userId: newUser() }))
    const startedMs = performance.now()
    await eventually(async () => orThrow(await sessions.get(token)) === undefined)
    expect(performance.now() - startedMs).toBeLessThan(800)
  })

  test('is gone once it is revoked, and nobody else’s with it', async () => {
    const sessions = createSessions(stores)
    const userId = newUser()
    const [one, other] = [orThrow(await sessions.create({ userId })), orThrow(await sessions.create({ userId }))]
    expect([orThrow(await sessions.revoke(one.token)), orThrow(await sessions.revoke(one.token))]).toEqual([true, false])
    expect(orThrow(await sessions.get(one.token))).toBeUndefined()
    expect(orThrow(await sessions.list(userId))).toHaveLength(1)
    expect(orThrow(await sessions.get(other.token))).toBeDefined()
  })

  test('is gone with all others of its user, again and again, and other users keep theirs', async () => {
    const sessions = createSessions(stores)
    const [userId, neighbour] = [newUser(), newUser()]
    const kept = orThrow(await sessions.create({ userId: neighbour }))
    for (let round = 0; round < 2; round += 1) {
      const mine = await Promise.all([1, 2, 3].map(async () => orThrow(await sessions.create({ userId })).token))
      expect(orThrow(await sessions.revokeAll(userId))).toBe(3)
      expect(await Promise.all(mine.map(async (token) => orThrow(await sessions.get(token))))).toEqual([undefined, undefined, undefined])
    }
    expect(orThrow(await sessions.list(userId))).toEqual([])
    expect(orThrow(await sessions.get(kept.token))).toBeDefined()
  })

  test('that begins while all are revoked is caught by the next time at the latest', async () => {
    const sessions = createSessions(stores)
    const userId = newUser()
    const tokens = await Promise.all(Array.from({ length: 50 }, async (_, n) => {
      if (n % 5 === 0) orThrow(await sessions.revokeAll(userId))
      return orThrow(await sessions.create({ userId })).token
    }))
    orThrow(await sessions.revokeAll(userId))
    const left = await Promise.all(tokens.map(async (token) => orThrow(await sessions.get(token))))
    expect(left.filter((session) => session !== undefined)).toEqual([])
  })

  test('is listed with the others of its user, newest first, without being put off', async () => {
    const sessions = createSessions(stores, { ttlMs: 60_000 })
    const userId = newUser()
    for (const data of ['a', 'b', 'c']) orThrow(await sessions.create({ userId, data }))
    const list = orThrow(await sessions.list(userId))
    expect(new Set(list.map(({ data }) => data))).toEqual(new Set(['a', 'b', 'c']))
    expect(list.every((session, n) => n === 0 || session.createdAt <= (list[n - 1]?.createdAt ?? session.createdAt))).toBe(true)
  })

  test('is an error, never valid, while Redis cannot be asked', async () => {
    const proxy = await faultProxy(own.redis.url)
    const cutOff = await open(proxy.url)
    const sessions = createSessions(cutOff)
    const { token } = orThrow(await sessions.create({ userId: newUser() }))
    proxy.cut()
    const answers = [await sessions.get(token), await sessions.revoke(token), await sessions.create({ userId: 1 }), await sessions.list(1), await sessions.revokeAll(1)]
    expect(answers.map((answer) => answer.isErr())).toEqual([true, true, true, true, true])
    orThrow(await cutOff.close())
    await proxy.close()
  })

  test('is served although the server forgot its scripts', async () => {
    const sessions = createSessions(stores)
    const { token } = orThrow(await sessions.create({ userId: newUser() }))
    orThrow(await stores.redis.run('flush', (client) => client.scriptFlush()))
    expect(orThrow(await sessions.get(token))).toBeDefined()
  })

  test('needs times that are positive', () => {
    expect(() => createSessions(stores, { ttlMs: 0 })).toThrow('ttlMs of sessions is more than 0 ms: got 0')
  })
})
