import { createHash } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import { createSessions, ok, orThrow, transaction, type Sessions } from '@headwater/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sessionKey } from '../../src/sessions/session-keys.ts'
import { type SessionFixture, type SessionProcess, sessionFixture } from './session-fixture.ts'

let fixture: SessionFixture
let process: SessionProcess
let sessions: Sessions
let users = 0
/** Applies no revocation before its writer does. */
const unhurried = { lookEveryMs: 3_600_000 }
beforeAll(async () => {
  fixture = await sessionFixture()
  process = await fixture.open({}, unhurried)
  sessions = process.sessions
})
afterAll(() => fixture.dispose())

const newUser = () => `bounded user ${(users += 1)}`

const nobodies = [undefined, null, Number.NaN, Number.POSITIVE_INFINITY, '', {}, 5n]

test.each(nobodies)(
  'No session begins, is listed or is revoked for the user %s',
  async (nobody) => {
    const userId = nobody as string
    const wrong = { type: 'invalid-input', field: 'userId' }
    const asked = [
      await sessions.create({ userId }),
      await sessions.list(userId),
      await sessions.revokeAll(userId),
    ]
    expect(asked.map((result) => result.isErr() && result.error)).toEqual(
      asked.map(() => expect.objectContaining(wrong) as object),
    )
    const within = transaction(process.stores, async (tx) =>
      ok(await sessions.revokeAllWithin(tx, userId)),
    )
    await expect(within).rejects.toMatchObject({ failure: wrong })
  },
)

const digests = ['hex', 'base64url'] as const

test.each(digests)(
  'A user whose id is the %s digest of a long id sees and ends none of its sessions',
  async (form) => {
    const victim = `auth0|${'5f7c8ec7c33c6c004bbafe82-'.repeat(3)}`
    const attacker = createHash('sha256').update(victim).digest(form)
    const { token } = orThrow(await sessions.create({ userId: victim }))
    expect(orThrow(await sessions.list(attacker))).toEqual([])
    expect(orThrow(await sessions.revokeAll(attacker))).toBe(0)
    expect(orThrow(await sessions.get(token))?.userId).toBe(victim)
    expect(orThrow(await sessions.list(victim))).toHaveLength(1)
    expect(orThrow(await sessions.revokeAll(victim))).toBe(1)
  },
)

describe('the data of a session', () => {
  test('Data of the greatest length is kept, and longer data begins no session', async () => {
    const small = createSessions(process.stores, { ...unhurried, maxDataLength: 100 })
    const userId = newUser()
    const { token } = orThrow(await small.create({ userId, data: 'x'.repeat(98) }))
    expect(orThrow(await small.get(token))?.data).toHaveLength(98)
    const refused = await small.create({ userId, data: 'x'.repeat(99) })
    expect(refused.isErr() && refused.error).toMatchObject({ type: 'invalid-input', field: 'data' })
    expect(orThrow(await small.list(userId))).toHaveLength(1)
  })

  test('Data that is replaced is what every process reads, until the session ends as before', async () => {
    const other = await fixture.open({}, unhurried)
    const userId = newUser()
    const { token, expiresAt } = orThrow(await sessions.create({ userId, data: { cart: 1 } }))
    const changed = orThrow(await sessions.setData(token, { cart: 2 }))
    expect(changed).toMatchObject({ userId, data: { cart: 2 }, expiresAt })
    expect(orThrow(await other.sessions.get(token))).toEqual(changed)
    expect(orThrow(await sessions.touch(token))?.data).toEqual({ cart: 2 })
  })

  test('Data that JSON would change is refused and leaves the session as it was', async () => {
    const { token } = orThrow(await sessions.create({ userId: newUser(), data: 'first' }))
    const refused = await sessions.setData(token, { at: new Date(0) } as never)
    expect(refused.isErr() && refused.error).toMatchObject({ type: 'invalid-input', field: 'data' })
    expect(orThrow(await sessions.get(token))?.data).toBe('first')
  })

  test('Data of a revoked session cannot be set, and does not bring it back', async () => {
    const { token } = orThrow(await sessions.create({ userId: newUser() }))
    orThrow(await sessions.revoke(token))
    expect(orThrow(await sessions.setData(token, 'late'))).toBeUndefined()
    expect(orThrow(await sessions.get(token))).toBeUndefined()
  })
})

describe('the number of sessions of one user', () => {
  test('Beginning one session more than a user may have ends the oldest for good', async () => {
    const few = createSessions(process.stores, { ...unhurried, maxPerUser: 3 })
    const userId = newUser()
    const tokens: string[] = []
    for (let nth = 0; nth < 5; nth += 1) {
      tokens.push(orThrow(await few.create({ userId, data: nth })).token)
      // Those that began in one millisecond are of one age.
      await after(5)
    }
    const left = await Promise.all(tokens.map(async (token) => orThrow(await few.get(token))?.data))
    expect(left).toEqual([undefined, undefined, 2, 3, 4])
    expect(orThrow(await few.list(userId)).map(({ data }) => data)).toEqual([4, 3, 2])
    expect(orThrow(await few.revokeAll(userId))).toBe(3)
  })

  test('Sessions that have ended count for nothing', async () => {
    const few = createSessions(process.stores, { ...unhurried, maxPerUser: 2 })
    const userId = newUser()
    const { token } = orThrow(await few.create({ userId }))
    for (let nth = 0; nth < 4; nth += 1) {
      const next = orThrow(await few.create({ userId }))
      orThrow(await few.revoke(next.token))
    }
    expect(orThrow(await few.get(token))).toBeDefined()
  })
})

test('A touch extends a session only when that gains a sixtieth of the idle time or more', async () => {
  const { token } = orThrow(await sessions.create({ userId: newUser(), ttlMs: 3_600_000 }))
  const key = sessionKey(process.stores.redis, orThrow(await sessions.get(token))?.id ?? '')
  const { client } = process.stores.redis
  const text = (await client.get(key)) ?? ''
  const expires = text.split(' ')[2] as string
  for (const [gainMs, isExtended] of [
    [20_000, false],
    [600_000, true],
  ] as const) {
    // prettier-ignore
    const sooner = text.replace(expires, String(Number(expires) - gainMs))
    await client.set(key, sooner, { expiration: { type: 'PX', value: 3_600_000 } })
    orThrow(await sessions.touch(token))
    expect((await client.get(key)) !== sooner).toBe(isExtended)
  }
})

describe('a session with times of its own', () => {
  test('A session ends by its own idle time, also after it was touched, rotated or changed', async () => {
    const { token } = orThrow(await sessions.create({ userId: newUser(), ttlMs: 60_000 }))
    const soon = Date.now() + 120_000
    expect(orThrow(await sessions.touch(token))?.expiresAt.getTime()).toBeLessThan(soon)
    orThrow(await sessions.setData(token, 'changed'))
    const rotated = orThrow(await sessions.rotate(token))
    expect(rotated?.expiresAt.getTime()).toBeLessThan(soon)
    const touched = orThrow(await sessions.touch(rotated?.token ?? ''))
    expect(touched?.expiresAt.getTime()).toBeLessThan(soon)
    expect(touched?.data).toBe('changed')
  })

  test('A session ends by its own absolute time, however often it is touched', async () => {
    const begun = orThrow(
      await sessions.create({ userId: newUser(), ttlMs: 30_000, absoluteTtlMs: 60_000 }),
    )
    const latest = begun.expiresAt.getTime() + 30_000
    const touched = orThrow(await sessions.touch(begun.token))
    expect(touched?.expiresAt.getTime()).toBeLessThanOrEqual(latest)
  })

  const wrongTimes = [
    { ttlMs: 0 },
    { ttlMs: -1 },
    { ttlMs: Number.NaN },
    { ttlMs: 2_592_000_001 },
    { absoluteTtlMs: 2_592_000_001 },
    { absoluteTtlMs: 1_000, ttlMs: 1_001 },
  ]

  test.each(wrongTimes)('A session with %j does not begin', async (times) => {
    const refused = await sessions.create({ userId: newUser(), ...times })
    expect(refused.isErr() && refused.error.type).toBe('invalid-input')
  })
})

describe('revoking the other sessions of a user', () => {
  test('The session continues under a new token, and all others end', async () => {
    const userId = newUser()
    const others = await Promise.all(
      [1, 2].map(async () => orThrow(await sessions.create({ userId })).token),
    )
    const { token } = orThrow(await sessions.create({ userId, data: 'mine' }))
    const before = orThrow(await sessions.get(token))
    const next = orThrow(await sessions.revokeOthers(token))
    expect(orThrow(await sessions.get(next?.token ?? ''))).toMatchObject({
      userId,
      data: 'mine',
      createdAt: before?.createdAt,
    })
    for (const ended of [token, ...others])
      expect(orThrow(await sessions.get(ended))).toBeUndefined()
    expect(orThrow(await sessions.list(userId))).toHaveLength(1)
  })

  test('A session that has ended ends no other', async () => {
    const userId = newUser()
    const { token } = orThrow(await sessions.create({ userId }))
    const kept = orThrow(await sessions.create({ userId }))
    orThrow(await sessions.revoke(token))
    expect(orThrow(await sessions.revokeOthers(token))).toBeUndefined()
    expect(orThrow(await sessions.get(kept.token))).toBeDefined()
  })

  test('Of two who revoke the others at once, at most one stays', async () => {
    const live = new Set<number>()
    // The first rounds differ: they wait for further connections to PostgreSQL.
    for (let round = 0; round < 20; round += 1) {
      const userId = newUser()
      const begin = async () => orThrow(await sessions.create({ userId })).token
      const both = [await begin(), await begin()]
      const answers = await Promise.all(both.map((token) => sessions.revokeOthers(token)))
      const tokens = answers.flatMap((answer) =>
        answer.isOk() && answer.value ? [answer.value.token] : [],
      )
      const found = await Promise.all(tokens.map((token) => sessions.get(token)))
      const left = found.filter((each) => orThrow(each) !== undefined)
      expect(orThrow(await sessions.list(userId))).toHaveLength(left.length)
      live.add(left.length)
    }
    expect(Math.max(...live)).toBeLessThanOrEqual(1)
  })
})
