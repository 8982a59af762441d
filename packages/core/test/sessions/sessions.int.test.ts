import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSessions, orThrow, type Stores } from '@headwater/core'
import { eventually, faultProxy } from '@headwater/testing'
import { type SessionStage, sessionStage } from './session-fixture.ts'

let stage: SessionStage
let stores: Stores
let users = 0

beforeAll(async () => {
  stage = await sessionStage()
  stores = (await stage.open()).stores
})
afterAll(() => stage.dispose())

const newUser = () => `user ${(users += 1)}`

async function dump(): Promise<string> {
  const keys = orThrow(
    await stores.redis.run('keys', (client) => client.keys(`${stage.own.redis.prefix}*`)),
  )
  const values = await Promise.all(
    keys.map((key) =>
      stores.redis.run('dump', (client) =>
        client.sendCommand(key.includes('session:') ? ['GET', key] : ['ZRANGE', key, '0', '-1']),
      ),
    ),
  )
  return JSON.stringify([keys, values])
}

describe('a session', () => {
  test('is found by its token, with what was given', async () => {
    const sessions = createSessions(stores)
    const startedMs = Date.now()
    const { token, expiresAt } = orThrow(
      await sessions.create({ userId: 7, data: { role: 'student' } }),
    )
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
    expect(
      await Promise.all(tokens.map(async (token) => orThrow(await sessions.get(token)))),
    ).toEqual(tokens.map(() => undefined))
  })

  test('ends when it is not used, and lasts while it is', async () => {
    const sessions = createSessions(stores, { ttlMs: 250 })
    const used = orThrow(await sessions.create({ userId: newUser() }))
    const unused = orThrow(await sessions.create({ userId: newUser() }))
    await eventually(async () => {
      expect(orThrow(await sessions.touch(used.token))).toBeDefined()
      return Date.now() > used.expiresAt.getTime() + 100
    })
    expect(orThrow(await sessions.get(unused.token))).toBeUndefined()
    expect(orThrow(await sessions.get(used.token))).toBeDefined()
  })

  test('ends at its absolute limit however much it is used', async () => {
    const sessions = createSessions(stores, { ttlMs: 200, absoluteTtlMs: 400 })
    const { token } = orThrow(await sessions.create({ userId: newUser() }))
    const startedMs = performance.now()
    await eventually(async () => orThrow(await sessions.touch(token)) === undefined)
    expect(performance.now() - startedMs).toBeLessThan(2_000)
  })

  test('is gone once it is revoked, and nobody else’s with it', async () => {
    const sessions = createSessions(stores)
    const userId = newUser()
    const [one, other] = [
      orThrow(await sessions.create({ userId })),
      orThrow(await sessions.create({ userId })),
    ]
    expect([
      orThrow(await sessions.revoke(one.token)),
      orThrow(await sessions.revoke(one.token)),
    ]).toEqual([true, false])
    expect(orThrow(await sessions.get(one.token))).toBeUndefined()
    expect(orThrow(await sessions.list(userId))).toHaveLength(1)
    expect(orThrow(await sessions.get(other.token))).toBeDefined()
  })

  test('is gone with all others of its user, again and again, and other users keep theirs', async () => {
    const sessions = createSessions(stores)
    const [userId, neighbour] = [newUser(), newUser()]
    const kept = orThrow(await sessions.create({ userId: neighbour }))
    for (let round = 0; round < 2; round += 1) {
      const mine = await Promise.all(
        [1, 2, 3].map(async () => orThrow(await sessions.create({ userId })).token),
      )
      expect(orThrow(await sessions.revokeAll(userId))).toBe(3)
      expect(
        await Promise.all(mine.map(async (token) => orThrow(await sessions.get(token)))),
      ).toEqual([undefined, undefined, undefined])
    }
    expect(orThrow(await sessions.list(userId))).toEqual([])
    expect(orThrow(await sessions.get(kept.token))).toBeDefined()
  })

  test('is listed with the others of its user, newest first, without being put off', async () => {
    const sessions = createSessions(stores, { ttlMs: 60_000 })
    const userId = newUser()
    for (const data of ['a', 'b', 'c']) orThrow(await sessions.create({ userId, data }))
    const list = orThrow(await sessions.list(userId))
    expect(new Set(list.map(({ data }) => data))).toEqual(new Set(['a', 'b', 'c']))
    expect(
      list.every(
        (session, n) =>
          n === 0 || session.createdAt <= (list[n - 1]?.createdAt ?? session.createdAt),
      ),
    ).toBe(true)
  })

  test('is an error, never valid, while Redis cannot be asked', async () => {
    const proxy = await faultProxy(stage.own.redis.url)
    const { stores: cutOff, sessions } = await stage.open({ redis: { url: proxy.url } })
    const { token } = orThrow(await sessions.create({ userId: newUser() }))
    proxy.cut()
    const answers = [
      await sessions.get(token),
      await sessions.touch(token),
      await sessions.rotate(token),
      await sessions.revoke(token),
      await sessions.create({ userId: 1 }),
      await sessions.list(1),
      await sessions.revokeAll(1),
    ]
    expect(answers.map((answer) => answer.isErr() && answer.error.type)).toEqual(
      answers.map(() => 'store-unavailable'),
    )
    orThrow(await cutOff.close())
    await proxy.close()
  })

  test('is ended by the id that a list gives', async () => {
    const sessions = createSessions(stores)
    const userId = newUser()
    const { token } = orThrow(await sessions.create({ userId }))
    const [listed] = orThrow(await sessions.list(userId))
    expect([
      orThrow(await sessions.revoke({ id: listed?.id ?? '' })),
      orThrow(await sessions.revoke({ id: 'x' })),
    ]).toEqual([true, false])
    expect(orThrow(await sessions.get(token))).toBeUndefined()
    expect(orThrow(await sessions.list(userId))).toEqual([])
  })

  test('is not put off by a look at it', async () => {
    const sessions = createSessions(stores, { ttlMs: 300 })
    const { token, expiresAt } = orThrow(await sessions.create({ userId: newUser() }))
    await eventually(async () => orThrow(await sessions.get(token)) === undefined, {
      intervalMs: 10,
    })
    expect(Date.now() - expiresAt.getTime()).toBeLessThan(2_000)
  })

  test('keeps whatever the host gives it', async () => {
    const sessions = createSessions(stores)
    for (const [userId, data] of [
      [0, null],
      ['', 'a [b] c'],
      ['ü:{x}\n', { deep: ['\u2028', 1e21, false] }],
      [-1, [[]]],
    ] as const) {
      const { token } = orThrow(await sessions.create({ userId, data }))
      expect(orThrow(await sessions.get(token))).toMatchObject({ userId, data })
      expect(orThrow(await sessions.touch(token))).toMatchObject({ userId, data })
      expect(orThrow(await sessions.list(userId))).toHaveLength(1)
    }
  })

  test('is served although the server forgot its scripts', async () => {
    const sessions = createSessions(stores)
    const { token } = orThrow(await sessions.create({ userId: newUser() }))
    orThrow(await stores.redis.run('flush', (client) => client.scriptFlush()))
    expect(orThrow(await sessions.get(token))).toBeDefined()
  })

  test('goes on under a new token when it is rotated, and the old token is nobody’s', async () => {
    const sessions = createSessions(stores, { ttlMs: 60_000, absoluteTtlMs: 90_000 })
    const userId = newUser()
    const { token: old } = orThrow(await sessions.create({ userId, data: { step: 1 } }))
    const before = orThrow(await sessions.get(old))
    const next = orThrow(await sessions.rotate(old))
    expect(next?.token).toMatch(/^[\w-]{43}$/)
    expect(orThrow(await sessions.get(next?.token ?? ''))).toMatchObject({
      userId,
      data: { step: 1 },
      createdAt: before?.createdAt,
    })
    expect([
      orThrow(await sessions.get(old)),
      orThrow(await sessions.rotate(old)),
      orThrow(await sessions.rotate('x')),
    ]).toEqual([undefined, undefined, undefined])
    expect(orThrow(await sessions.list(userId))).toHaveLength(1)
    expect(orThrow(await sessions.revokeAll(userId))).toBe(1)
    expect(orThrow(await sessions.get(next?.token ?? ''))).toBeUndefined()
  })

  test('keeps its absolute limit when it is rotated', async () => {
    const sessions = createSessions(stores, { ttlMs: 1_000, absoluteTtlMs: 1_000 })
    let { token } = orThrow(await sessions.create({ userId: newUser() }))
    const startedMs = performance.now()
    await eventually(async () => {
      const next = orThrow(await sessions.rotate(token))
      token = next?.token ?? token
      return next === undefined
    })
    expect(performance.now() - startedMs).toBeLessThan(3_000)
  })

  test('is rotated by one of many who try at once', async () => {
    const sessions = createSessions(stores)
    const userId = newUser()
    const { token } = orThrow(await sessions.create({ userId }))
    const others = (await stage.open()).sessions
    const next = await Promise.all(
      Array.from({ length: 20 }, async (_, n) =>
        orThrow(await (n % 2 === 0 ? sessions : others).rotate(token)),
      ),
    )
    expect(next.filter((each) => each !== undefined)).toHaveLength(1)
    expect(orThrow(await sessions.list(userId))).toHaveLength(1)
  })

  test('needs times that are positive', () => {
    expect(() => createSessions(stores, { ttlMs: 0 })).toThrow(
      'ttlMs of sessions is more than 0 ms: got 0',
    )
  })
})
