import { createSessions, err, ok, orThrow, systemClock, transaction } from '@headwater/core'
import {
  eventually,
  faultProxy,
  type FaultProxy,
  type RedisServer,
  startRedisServer,
} from '@headwater/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type SessionProcess, type SessionFixture, sessionFixture } from './session-fixture.ts'

let fixture: SessionFixture
beforeAll(async () => {
  fixture = await sessionFixture()
})
afterAll(() => fixture.dispose())

let users = 0
const newUser = () => `user ${(users += 1)}`
/** Applies no revocation before its writer does. */
const unhurried = { lookEveryMs: 3_600_000 }
const tokenOf = async ({ sessions }: SessionProcess, userId: string, data: string | null = null) =>
  orThrow(await sessions.create({ userId, data })).token
const isThere = async ({ sessions }: SessionProcess, token: string) =>
  orThrow(await sessions.get(token)) !== undefined
const unapplied = async ({ stores }: SessionProcess) =>
  orThrow(
    await stores.postgres.query('SELECT id FROM @schema.session_revocation WHERE NOT is_applied'),
  ).rows.length

describe('a Redis that returns with an older snapshot', () => {
  let server: RedisServer
  beforeEach(async () => {
    server = await startRedisServer()
  })
  afterEach(() => server.stop())

  test('A Redis that returns with an older snapshot revives no ended session and keeps the others', async () => {
    const connection = { redis: { url: server.url } }
    const [one, other] = [
      await fixture.open(connection, unhurried),
      await fixture.open(connection, unhurried),
    ]
    const [user, neighbour, wanderer] = [newUser(), newUser(), newUser()]
    const early = await tokenOf(one, user)
    orThrow(await one.sessions.revokeAll(user))
    const [mine, kept, revoked, rotated] = [
      await tokenOf(one, user),
      await tokenOf(one, neighbour),
      await tokenOf(one, neighbour),
      await tokenOf(one, wanderer),
    ]
    const inSnapshot = orThrow(
      await one.stores.redis.run('look', (client) =>
        client.keys(`${fixture.own.redis.prefix}session:*`),
      ),
    )
    expect(inSnapshot).toHaveLength(4)
    await server.snapshot()
    expect([
      orThrow(await one.sessions.revokeAll(user)),
      orThrow(await other.sessions.revoke(revoked)),
    ]).toEqual([1, true])
    const next = orThrow(await one.sessions.rotate(rotated))?.token ?? ''
    const late = await tokenOf(one, neighbour)
    await server.kill()
    expect((await one.sessions.get(kept)).isErr()).toBe(true)
    await server.restart({ keepData: true })
    const fresh = await fixture.open(connection)
    for (const process of [one, other, fresh]) {
      await eventually(async () => {
        expect((await process.sessions.get(kept)).isOk()).toBe(true)
      })
      const answers = await Promise.all(
        [early, mine, revoked, rotated, next, late, kept].map((token) => isThere(process, token)),
      )
      expect(answers).toEqual([false, false, false, false, false, false, true])
      expect(orThrow(await process.sessions.list(user))).toEqual([])
    }
    const again = await tokenOf(other, user)
    expect(await isThere(one, again)).toBe(true)
  })

  test('A session that began after a revocation survives a restart of Redis', async () => {
    const connection = { redis: { url: server.url } }
    const one = await fixture.open(connection)
    const user = newUser()
    await tokenOf(one, user)
    for (let round = 0; round < 3; round += 1) orThrow(await one.sessions.revokeAll(user))
    const token = await tokenOf(one, user)
    await server.restart({ keepData: true })
    await eventually(async () => {
      expect(await isThere(one, token)).toBe(true)
    })
    expect(await isThere(await fixture.open(connection), token)).toBe(true)
  })

  test('After a restart of Redis, sessions answer nothing until PostgreSQL has named the revocations', async () => {
    const postgres = await faultProxy(fixture.own.postgres.url)
    const one = await fixture.open({ redis: { url: server.url }, postgres: { url: postgres.url } })
    const [revoked, kept] = [await tokenOf(one, newUser()), await tokenOf(one, newUser())]
    await server.snapshot()
    orThrow(await one.sessions.revoke(revoked))
    postgres.cut()
    await server.kill()
    await server.restart({ keepData: true })
    await eventually(() => {
      expect(one.stores.redis.runId).toBeDefined()
    })
    for (const token of [revoked, kept])
      expect((await one.sessions.get(token))._unsafeUnwrapErr()).toMatchObject({
        type: 'store-unavailable',
        store: 'postgres',
      })
    postgres.restore()
    await eventually(async () => {
      expect(await isThere(one, kept)).toBe(true)
    })
    expect(await isThere(one, revoked)).toBe(false)
    orThrow(await one.stores.close())
    await postgres.close()
  })

  test('A process that starts later does not apply all revocations to the same Redis again', async () => {
    const connection = { redis: { url: server.url } }
    const one = await fixture.open(connection)
    await tokenOf(one, newUser())
    const scopes: string[] = []
    const late = await fixture.open(connection)
    late.stores.diagnostics.on('session:reapplied', ({ scope }) => void scopes.push(scope))
    await tokenOf(late, newUser())
    await server.restart({ keepData: true })
    await eventually(async () => {
      expect((await late.sessions.get('A'.repeat(43))).isOk()).toBe(true)
    })
    expect(scopes).toEqual(['pending', 'all'])
  })
})

const outages = ['cut', 'hang'] as const

describe('a revocation that could not be applied in Redis', () => {
  let redis: FaultProxy
  let cutOff: SessionProcess
  let other: SessionProcess
  beforeEach(async () => {
    redis = await faultProxy(fixture.own.redis.url)
    cutOff = await fixture.open({ redis: { url: redis.url, deadlineMs: 300 } })
    other = await fixture.open()
  })
  afterEach(async () => {
    const ends = await Promise.all([cutOff, other].map(({ stores }) => stores.close()))
    await redis.close()
    for (const end of ends) orThrow(end)
  })

  test.each(outages)(
    'A revocation during an outage of Redis (%s) holds once the same Redis answers again',
    async (fault) => {
      const user = newUser()
      const [one, all] = [await tokenOf(cutOff, newUser()), await tokenOf(cutOff, user)]
      const runId = cutOff.stores.redis.runId
      redis[fault]()
      const failures = [
        await cutOff.sessions.revoke(one),
        await cutOff.sessions.revokeAll(user),
      ].map((result) => result._unsafeUnwrapErr().type)
      expect(['store-unavailable', 'deadline-exceeded']).toEqual(expect.arrayContaining(failures))
      redis.restore()
      await eventually(
        async () => {
          expect((await cutOff.sessions.get(one)).isOk()).toBe(true)
        },
        { intervalMs: 5 },
      )
      expect([await isThere(cutOff, one), await isThere(cutOff, all)]).toEqual([false, false])
      await eventually(() => expect(cutOff.stores.redis.runId).toBe(runId))
      expect([await isThere(other, one), await isThere(other, all)]).toEqual([false, false])
      await eventually(async () => {
        expect(await unapplied(other)).toBe(0)
      })
    },
  )

  test('A revocation holds in processes that reach Redis although its writer does not', async () => {
    const [one, all, user] = [
      await tokenOf(other, newUser()),
      await tokenOf(other, newUser()),
      `user ${users}`,
    ]
    redis.cut()
    expect([
      (await cutOff.sessions.revoke(one)).isErr(),
      (await cutOff.sessions.revokeAll(user)).isErr(),
    ]).toEqual([true, true])
    await eventually(
      async () => {
        expect([await isThere(other, one), await isThere(other, all)]).toEqual([false, false])
      },
      { timeoutMs: 60_000 },
    )
  })

  test('The writer of an unapplied revocation answers nothing until PostgreSQL names it again', async () => {
    const postgres = await faultProxy(fixture.own.postgres.url)
    const alone = await fixture.open({ redis: { url: redis.url }, postgres: { url: postgres.url } })
    const token = await tokenOf(alone, newUser())
    redis.cut()
    expect((await alone.sessions.revoke(token)).isErr()).toBe(true)
    postgres.cut()
    redis.restore()
    await eventually(() => {
      expect(alone.stores.redis.runId).toBeDefined()
    })
    expect((await alone.sessions.get(token)).isErr()).toBe(true)
    postgres.restore()
    await eventually(async () => {
      expect(await isThere(alone, token)).toBe(false)
    })
    orThrow(await alone.stores.close())
    await postgres.close()
  })
})

describe('a revocation within a transaction', () => {
  test('A revocation within a transaction ends the sessions on commit and none on rollback', async () => {
    const one = await fixture.open({}, unhurried)
    const user = newUser()
    const token = await tokenOf(one, user)
    const refused = await transaction(one.stores, async (tx) => {
      await one.sessions.revokeAllWithin(tx, user)
      return err('no')
    })
    expect(refused.isErr()).toBe(true)
    expect(await isThere(one, token)).toBe(true)
    const revocation = orThrow(
      await transaction(one.stores, async (tx) => ok(await one.sessions.revokeAllWithin(tx, user))),
    )
    expect(orThrow(await revocation.apply())).toBe(1)
    expect(await isThere(one, token)).toBe(false)
  })

  test('A revocation within a transaction holds although its process ends right after the commit', async () => {
    const [one, dying] = [await fixture.open(), await fixture.open()]
    const user = newUser()
    const token = await tokenOf(one, user)
    orThrow(
      await transaction(dying.stores, async (tx) => {
        await dying.sessions.revokeAllWithin(tx, user)
        return ok(undefined)
      }),
    )
    orThrow(await dying.stores.close())
    await eventually(
      async () => {
        expect(await isThere(one, token)).toBe(false)
      },
      { timeoutMs: 60_000 },
    )
    orThrow(await one.stores.close())
  })

  test('A revocation within a transaction ends a session that began before its commit', async () => {
    const one = await fixture.open({}, unhurried)
    const user = newUser()
    let token = ''
    const revocation = orThrow(
      await transaction(one.stores, async (tx) => {
        const pending = await one.sessions.revokeAllWithin(tx, user)
        orThrow(await one.sessions.revokeAll(user))
        token = await tokenOf(one, user)
        return ok(pending)
      }),
    )
    orThrow(await revocation.apply())
    expect(await isThere(one, token)).toBe(false)
  })
})

describe('revocations', () => {
  test('A revocation that is applied twice spares the sessions that began in between', async () => {
    const one = await fixture.open({}, unhurried)
    const user = newUser()
    await tokenOf(one, user)
    const revocation = orThrow(
      await transaction(one.stores, async (tx) => ok(await one.sessions.revokeAllWithin(tx, user))),
    )
    expect(orThrow(await revocation.apply())).toBe(1)
    const token = await tokenOf(one, user)
    expect(orThrow(await revocation.apply())).toBe(0)
    expect(await isThere(one, token)).toBe(true)
  })

  test('Without PostgreSQL only revoking and rotating fail', async () => {
    const postgres = await faultProxy(fixture.own.postgres.url)
    const one = await fixture.open({ postgres: { url: postgres.url } })
    const user = newUser()
    const token = await tokenOf(one, user)
    postgres.cut()
    expect([
      await isThere(one, token),
      orThrow(await one.sessions.touch(token)) !== undefined,
      orThrow(await one.sessions.list(user)).length,
    ]).toEqual([true, true, 1])
    expect(await isThere(one, await tokenOf(one, user))).toBe(true)
    for (const refused of [
      await one.sessions.revoke(token),
      await one.sessions.revokeAll(user),
      await one.sessions.rotate(token),
    ]) {
      expect(refused._unsafeUnwrapErr()).toMatchObject({
        type: 'store-unavailable',
        store: 'postgres',
      })
    }
    expect(await isThere(one, token)).toBe(true)
    orThrow(await one.stores.close())
    await postgres.close()
  })

  test('A revocation is deleted once no session can be as old as it', async () => {
    let aheadMs = 0
    const monotonic = () => performance.now() + aheadMs
    const one = await fixture.open({ clock: { ...systemClock, monotonic } })
    orThrow(await one.sessions.revokeAll(newUser()))
    orThrow(
      await one.stores.postgres.query(
        `UPDATE @schema.session_revocation SET revoked_at = revoked_at - interval '10 minutes'`,
      ),
    )
    orThrow(await one.sessions.revokeAll(newUser()))
    const brief = createSessions(one.stores, {
      ttlMs: 60_000,
      absoluteTtlMs: 60_000,
      lookEveryMs: 20,
    })
    orThrow(await brief.list('nobody'))
    await eventually(async () => {
      aheadMs += 61_000
      expect(
        orThrow(await one.stores.postgres.query('SELECT id FROM @schema.session_revocation')).rows,
      ).toHaveLength(1)
    })
  })
})
