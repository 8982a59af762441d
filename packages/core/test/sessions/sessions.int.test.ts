import { setTimeout as after } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createSessions,
  type NewSession,
  orThrow,
  type SessionOptions,
  type Stores,
} from '@headwater/core'
import { eventually, faultProxy } from '@headwater/testing'
import { type SessionFixture, sessionFixture } from './session-fixture.ts'

let fixture: SessionFixture
let stores: Stores
let users = 0

beforeAll(async () => {
  fixture = await sessionFixture()
  stores = (await fixture.open()).stores
})
afterAll(() => fixture.dispose())

const newUser = () => `user ${(users += 1)}`
/** Sessions that apply no revocation before its writer does. */
const sessionsWith = (options: SessionOptions = {}) =>
  createSessions(stores, { lookEveryMs: 3_600_000, ...options })

async function dump(): Promise<string> {
  const keys = orThrow(
    await stores.redis.run('keys', (client) => client.keys(`${fixture.own.redis.prefix}*`)),
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

const unstorable: readonly (readonly [what: string, session: object, field: string])[] = [
  ['a bigint in its data', { userId: 1, data: { id: 1n } }, 'data'],
  ['a date in its data', { userId: 1, data: { at: new Date(0) } }, 'data'],
  ['NaN in its data', { userId: 1, data: [Number.NaN] }, 'data'],
  ['undefined in its data', { userId: 1, data: { a: undefined } }, 'data'],
  ['data that contains itself', { userId: 1, data: circular() }, 'data'],
  ['a bigint as its user id', { userId: 1n }, 'userId'],
  ['an object as its user id', { userId: {} }, 'userId'],
  ['NaN as its user id', { userId: Number.NaN }, 'userId'],
]

function circular(): object {
  const loop: Record<string, unknown> = {}
  loop['self'] = loop
  return loop
}

describe('sessions', () => {
  test('A reader of sessions that has aborted gets `deadline-exceeded`, never "no session"', async () => {
    const sessions = sessionsWith()
    const { token } = orThrow(await sessions.create({ userId: newUser() }))
    const signal = AbortSignal.abort()
    const answers = [
      await sessions.get(token, { signal }),
      await sessions.touch(token, { signal }),
      await sessions.list(1, { signal }),
    ]
    expect(answers.map((answer) => answer._unsafeUnwrapErr().type)).toEqual(
      answers.map(() => 'deadline-exceeded'),
    )
    const live = new AbortController()
    expect(orThrow(await sessions.get(token, { signal: live.signal }))).toBeDefined()
  })

  test('A session is found by its token, with its user and data', async () => {
    const sessions = sessionsWith()
    const startedMs = Date.now()
    const { token, expiresAt } = orThrow(
      await sessions.create({ userId: 7, data: { role: 'student' } }),
    )
    expect(token).toMatch(/^[\w-]{43}$/)
    const session = orThrow(await sessions.get(token))
    expect(session).toMatchObject({ userId: 7, data: { role: 'student' } })
    expect(Math.abs(expiresAt.getTime() - startedMs - 86_400_000)).toBeLessThan(60_000)
    expect(Math.abs((session?.createdAt.getTime() ?? 0) - startedMs)).toBeLessThan(60_000)
  })

  test('A reader of Redis finds no token of a session', async () => {
    const { token } = orThrow(await sessionsWith().create({ userId: newUser() }))
    expect(await dump()).not.toContain(token)
  })

  test('An unknown token and a text that is no token find no session', async () => {
    const sessions = sessionsWith()
    const tokens = ['', 'x', '*', 'A'.repeat(43), `${'A'.repeat(42)}\n`]
    expect(
      await Promise.all(tokens.map(async (token) => orThrow(await sessions.get(token)))),
    ).toEqual(tokens.map(() => undefined))
  })

  test('A session lasts while it is touched and ends when it is not', async () => {
    const sessions = sessionsWith({ ttlMs: 2_000 })
    // One that is touched too late has ended: another one is begun.
    await eventually(
      async () => {
        const used = orThrow(await sessions.create({ userId: newUser() }))
        const unused = orThrow(await sessions.create({ userId: newUser() }))
        while (Date.now() <= unused.expiresAt.getTime() + 100) {
          expect(orThrow(await sessions.touch(used.token))).toBeDefined()
          await after(20)
        }
        expect(orThrow(await sessions.get(unused.token))).toBeUndefined()
        expect(orThrow(await sessions.get(used.token))).toBeDefined()
      },
      { timeoutMs: 120_000 },
    )
  })

  test('A session ends at its absolute limit however often it is touched', async () => {
    const sessions = sessionsWith({ ttlMs: 200, absoluteTtlMs: 400 })
    const { token } = orThrow(await sessions.create({ userId: newUser() }))
    const lives: number[] = []
    await eventually(async () => {
      const touched = orThrow(await sessions.touch(token))
      if (touched !== undefined)
        lives.push(touched.expiresAt.getTime() - touched.createdAt.getTime())
      return touched === undefined
    })
    expect(Math.max(...lives)).toBeLessThanOrEqual(400)
  })

  test('Revoking a session ends it and no other session of its user', async () => {
    const sessions = sessionsWith()
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

  test('Revoking all sessions of a user ends them each time and no other user’s', async () => {
    const sessions = sessionsWith()
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

  test('A list names the sessions of a user, newest first', async () => {
    const sessions = sessionsWith({ ttlMs: 60_000 })
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

  test('Every call fails with store-unavailable while Redis is down', async () => {
    const proxy = await faultProxy(fixture.own.redis.url)
    const { stores: cutOff, sessions } = await fixture.open({
      redis: { url: proxy.url, required: true },
    })
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

  test('A session can be revoked by the id that a list returns', async () => {
    const sessions = sessionsWith()
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

  test('Getting a session does not extend it', async () => {
    const sessions = sessionsWith({ ttlMs: 300 })
    const { token, expiresAt } = orThrow(await sessions.create({ userId: newUser() }))
    const ends: Date[] = []
    await eventually(
      async () => {
        const found = orThrow(await sessions.get(token))
        if (found !== undefined) ends.push(found.expiresAt)
        return found === undefined
      },
      { intervalMs: 10 },
    )
    expect(ends).toEqual(ends.map(() => expiresAt))
  })

  test('A session returns its user id and its data unchanged', async () => {
    const sessions = sessionsWith()
    for (const [userId, data] of [
      [0, null],
      ['user ', 'a [b] c'],
      ['ü:{x}\n', { deep: ['\u2028', 1e21, false] }],
      [-1, [[]]],
    ] as const) {
      const { token } = orThrow(await sessions.create({ userId, data }))
      expect(orThrow(await sessions.get(token))).toMatchObject({ userId, data })
      expect(orThrow(await sessions.touch(token))).toMatchObject({ userId, data })
      expect(orThrow(await sessions.list(userId))).toHaveLength(1)
    }
  })

  test.each(unstorable)('A session with %s is invalid input', async (_what, session, field) => {
    const refused = await sessionsWith().create(session as unknown as NewSession)
    expect(refused._unsafeUnwrapErr()).toMatchObject({ type: 'invalid-input', field })
  })

  test('Sessions work after the server has forgotten its scripts', async () => {
    const sessions = sessionsWith()
    const { token } = orThrow(await sessions.create({ userId: newUser() }))
    orThrow(await stores.redis.run('flush', (client) => client.scriptFlush()))
    expect(orThrow(await sessions.get(token))).toBeDefined()
  })

  test('A rotated session continues under its new token and its old token finds nothing', async () => {
    const sessions = sessionsWith({ ttlMs: 60_000, absoluteTtlMs: 90_000 })
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

  test('A session keeps its absolute limit when it is rotated', async () => {
    const sessions = sessionsWith({ ttlMs: 1_000, absoluteTtlMs: 1_000 })
    const first = orThrow(await sessions.create({ userId: newUser() }))
    let { token } = first
    const ends: number[] = []
    await eventually(async () => {
      const next = orThrow(await sessions.rotate(token))
      if (next !== undefined) ends.push(next.expiresAt.getTime())
      token = next?.token ?? token
      return next === undefined
    })
    expect(Math.max(...ends)).toBeLessThanOrEqual(first.expiresAt.getTime())
  })

  test('One of twenty concurrent rotations of a token gets a new token', async () => {
    const sessions = sessionsWith()
    const userId = newUser()
    const { token } = orThrow(await sessions.create({ userId }))
    const others = (await fixture.open()).sessions
    const next = await Promise.all(
      Array.from({ length: 20 }, async (_, n) =>
        orThrow(await (n % 2 === 0 ? sessions : others).rotate(token)),
      ),
    )
    expect(next.filter((each) => each !== undefined)).toHaveLength(1)
    expect(orThrow(await sessions.list(userId))).toHaveLength(1)
  })

  test('A time that is not positive is refused at construction', () => {
    expect(() => createSessions(stores, { ttlMs: 0 })).toThrow(
      'createSessions: ttlMs: expected more than 0 ms: got 0',
    )
  })
})
