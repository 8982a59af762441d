import { createSessions, err, ok, orThrow, transaction } from '@headwater/core'
import {
  eventually,
  faultProxy,
  type FaultProxy,
  type RedisServer,
  startRedisServer,
} from '@headwater/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type SessionProcess, type SessionStage, sessionStage } from './session-fixture.ts'

let stage: SessionStage
beforeAll(async () => {
  stage = await sessionStage()
})
afterAll(() => stage.dispose())

let users = 0
const newUser = () => `user ${(users += 1)}`
const tokenOf = async ({ sessions }: SessionProcess, userId: string, data: string | null = null) =>
  orThrow(await sessions.create({ userId, data })).token
const isThere = async ({ sessions }: SessionProcess, token: string) =>
  orThrow(await sessions.get(token)) !== undefined
const untold = async ({ stores }: SessionProcess) =>
  orThrow(
    await stores.postgres.query('SELECT id FROM @schema.session_revocation WHERE NOT is_applied'),
  ).rows.length

describe('a Redis that comes back with an older snapshot', () => {
  let server: RedisServer
  beforeEach(async () => {
    server = await startRedisServer()
  })
  afterEach(() => server.stop())

  test('brings no session back that had ended, and keeps those that had not', async () => {
    const connection = { redis: { url: server.url } }
    const [one, other] = [await stage.open(connection), await stage.open(connection)]
    const [user, neighbour, wanderer] = [newUser(), newUser(), newUser()]
    const early = await tokenOf(one, user)
    orThrow(await one.sessions.revokeAll(user))
    const [mine, kept, revoked, rotated] = [
      await tokenOf(one, user),
      await tokenOf(one, neighbour),
      await tokenOf(one, neighbour),
      await tokenOf(one, wanderer),
    ]
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
    const fresh = await stage.open(connection)
    const raw = orThrow(
      await fresh.stores.redis.run('look', (client) =>
        client.keys(`${stage.own.redis.prefix}session:*`),
      ),
    )
    expect(raw).toHaveLength(4)
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

  test('ends nothing that began after a revocation', async () => {
    const connection = { redis: { url: server.url } }
    const one = await stage.open(connection)
    const user = newUser()
    await tokenOf(one, user)
    for (let round = 0; round < 3; round += 1) orThrow(await one.sessions.revokeAll(user))
    const token = await tokenOf(one, user)
    await server.restart({ keepData: true })
    await eventually(async () => {
      expect(await isThere(one, token)).toBe(true)
    })
    expect(await isThere(await stage.open(connection), token)).toBe(true)
  })

  test('answers nothing until PostgreSQL has said what had ended', async () => {
    const postgres = await faultProxy(stage.own.postgres.url)
    const one = await stage.open({ redis: { url: server.url }, postgres: { url: postgres.url } })
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

  test('has been told by one process what the next one that starts need not tell it', async () => {
    const connection = { redis: { url: server.url } }
    const one = await stage.open(connection)
    await tokenOf(one, newUser())
    const scopes: string[] = []
    const late = await stage.open(connection)
    late.stores.diagnostics.on('session:replayed', ({ scope }) => void scopes.push(scope))
    await tokenOf(late, newUser())
    await server.restart({ keepData: true })
    await eventually(async () => {
      expect((await late.sessions.get('A'.repeat(43))).isOk()).toBe(true)
    })
    expect(scopes).toEqual(['pending', 'all'])
  })
})

describe('a revocation that Redis could not be told', () => {
  let redis: FaultProxy
  let cutOff: SessionProcess
  let other: SessionProcess
  beforeEach(async () => {
    redis = await faultProxy(stage.own.redis.url)
    cutOff = await stage.open({ redis: { url: redis.url, deadlineMs: 300 } })
    other = await stage.open()
  })
  afterEach(async () => {
    orThrow(await cutOff.stores.close())
    await redis.close()
  })

  test.each(['cut', 'hang'] as const)(
    'holds as soon as the same Redis can be asked again, and in other processes soon (%s)',
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
      expect(cutOff.stores.redis.runId).toBe(runId)
      expect([await isThere(other, one), await isThere(other, all)]).toEqual([false, false])
      await eventually(async () => {
        expect(await untold(other)).toBe(0)
      })
    },
  )

  test('holds in processes that can ask Redis although its writer cannot', async () => {
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
      { timeoutMs: 5_000 },
    )
  })

  test('keeps its writer from answering while PostgreSQL cannot say so again', async () => {
    const postgres = await faultProxy(stage.own.postgres.url)
    const alone = await stage.open({ redis: { url: redis.url }, postgres: { url: postgres.url } })
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
  test('ends the sessions with the commit, and none without one', async () => {
    const one = await stage.open()
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

  test('holds although its process ends right after the commit', async () => {
    const [one, dying] = [await stage.open(), await stage.open()]
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
      { timeoutMs: 5_000 },
    )
  })

  test('ends a session that began before the commit under a later epoch', async () => {
    const one = await stage.open()
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

describe('a revocation', () => {
  test('ends once what it was told twice: sessions that began in between stay', async () => {
    const one = await stage.open()
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

  test('needs PostgreSQL, and nothing else of a session does', async () => {
    const postgres = await faultProxy(stage.own.postgres.url)
    const one = await stage.open({ postgres: { url: postgres.url } })
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

  test('is forgotten once no session can be as old as it', async () => {
    const one = await stage.open()
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
      expect(
        orThrow(await one.stores.postgres.query('SELECT id FROM @schema.session_revocation')).rows,
      ).toHaveLength(1)
    })
  })
})
