import type { RedisClientType } from '@redis/client'
import {
  connect,
  Diagnostics,
  errAsync,
  orThrow,
  resync,
  type RedisCallOptions,
  type RedisStore,
  type ResultAsync,
  type Sessions,
  type StoreError,
  type Stores,
} from '@headwater/core'
import { eventually, faultProxy } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endSessionsBegun } from '../../src/sessions/begun-sessions.ts'
import { beginEpoch } from '../../src/sessions/scripts/begin-epoch.ts'
import { PatientRedis } from '../../src/stores/redis/scan/patient-redis.ts'
import { appliedKey, sessionKey } from '../../src/sessions/session-keys.ts'
import { type SessionFixture, sessionFixture } from '../sessions/session-fixture.ts'
import { findingsOf, moment, restoreNow } from './resync-fixture.ts'

let fixture: SessionFixture
let stores: Stores
let sessions: Sessions

beforeAll(async () => {
  fixture = await sessionFixture()
  ;({ stores, sessions } = await fixture.open())
})
afterAll(() => fixture.dispose())

const ended = (count: number): unknown => expect.objectContaining({ count, outcome: 'ended' })
const begin = async (userId: number): Promise<string> =>
  orThrow(await sessions.create({ userId })).token
const beginMany = (count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => begin(1_000 + at)))
const areThere = (tokens: readonly string[]): Promise<boolean[]> =>
  Promise.all(tokens.map(async (token) => orThrow(await sessions.get(token)) !== undefined))

/** Redis that looks for no more keys once it has ended the sessions of one page. */
class FailingRedis extends PatientRedis {
  #hasEnded = false

  override usedFor(): RedisStore {
    return this
  }

  override run<T>(
    operation: string,
    command: (client: RedisClientType) => Promise<T>,
    options?: RedisCallOptions,
  ): ResultAsync<T, StoreError> {
    if (this.#hasEnded && operation === 'scan keys') {
      const gone = { type: 'store-refused', store: 'redis', message: 'gone' } as const
      return errAsync({ ...gone, operation, retryable: false })
    }
    this.#hasEnded ||= operation === 'end sessions'
    return super.run(operation, command, options)
  }
}

describe('sessions of a lost future', () => {
  test('Exactly the sessions end that began after the restored moment and before the opening', async () => {
    const before = await begin(5)
    await moment()
    const restoredTo = await moment()
    const lost = [await begin(5), await begin(5)]
    await moment()
    const openedAt = await moment()
    const after = await begin(5)
    const restore = { restoredTo, openedAt, marginMs: 0 }

    const plan = orThrow(await resync(stores, restore))
    expect(findingsOf(plan, 'sessions')).toContainEqual(ended(2))
    expect(await areThere(lost)).toEqual([true, true])

    const report = orThrow(await resync(stores, { ...restore, apply: true }))
    expect(findingsOf(report, 'sessions')).toContainEqual(ended(2))
    expect(await areThere(lost)).toEqual([false, false])
    expect(await areThere([before, after])).toEqual([true, true])

    const again = orThrow(await resync(stores, { ...restore, apply: true }))
    expect(findingsOf(again, 'sessions')).toContainEqual(ended(0))
  })

  test('A session of an earlier form, which is never found, is not counted as ended', async () => {
    const restoredTo = await moment()
    await begin(7)
    const { redis } = stores
    const [session] = orThrow(await sessions.list(7))
    const id = session?.id ?? ''
    await redis.client.copy(sessionKey(redis, id), `${redis.keyPrefix}session:${id}`)
    await moment()
    const restore = { restoredTo, openedAt: await moment(), marginMs: 0, apply: true }
    for (const count of [1, 0]) {
      const report = orThrow(await resync(stores, restore))
      expect(findingsOf(report, 'sessions')).toContainEqual(ended(count))
    }
  })

  test('A session that was ended by a resync does not return with an older Redis', async () => {
    const restoredTo = await moment()
    const { token } = orThrow(await sessions.create({ userId: 6 }))
    const { redis } = stores
    const [session] = orThrow(await sessions.list(6))
    const key = sessionKey(redis, session?.id ?? '')
    const stored = orThrow(await redis.run('get', (client) => client.get(key))) ?? ''
    await moment()
    const restore = { restoredTo, openedAt: await moment(), marginMs: 0, apply: true }
    orThrow(await resync(stores, restore))
    orThrow(await redis.run('set', (client) => client.set(key, stored)))
    orThrow(await redis.run('another server', (client) => client.unlink(appliedKey(redis))))
    expect(orThrow(await sessions.get(token))).toBeDefined()
    const { sessions: later } = await fixture.open()
    expect(orThrow(await later.get(token))).toBeUndefined()
  })

  test('They end although Redis is away for a moment meanwhile', async () => {
    const proxy = await faultProxy(fixture.own.redis.url)
    const diagnostics = new Diagnostics()
    const { stores: other } = await fixture.open({ redis: { url: proxy.url }, diagnostics })
    const restoredTo = await moment()
    const tokens = await beginMany(20)
    await moment()
    const cut = Promise.withResolvers<undefined>()
    const stop = diagnostics.on('store:operation', ({ operation }) => {
      if (operation !== 'scan keys') return
      stop()
      proxy.cut()
      cut.resolve(undefined)
    })
    const restore = { restoredTo, openedAt: await moment(), marginMs: 0, apply: true }
    const resyncing = Promise.resolve(resync(other, restore))
    await cut.promise
    await eventually(() => !other.redis.isAvailable)
    proxy.restore()
    const report = orThrow(await resyncing)
    expect(findingsOf(report, 'sessions')).toContainEqual(ended(20))
    expect(await areThere(tokens)).toEqual(tokens.map(() => false))
    orThrow(await other.close())
    await proxy.close()
  })

  test('Those that were found before Redis failed have ended', async () => {
    const { redis } = stores
    const others = Array.from({ length: 3_000 }, (_, at): [string, string] => [
      `${redis.keyPrefix}other:${at}`,
      '',
    ])
    orThrow(await redis.run('fill', (client) => client.mSet(others)))
    const from = await moment()
    const tokens = await beginMany(60)
    await moment()
    const failing = { ...stores, redis: new FailingRedis(redis) }
    await expect(endSessionsBegun(failing, { from, until: await moment() })).rejects.toThrow('gone')
    const left = (await areThere(tokens)).filter(Boolean).length
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThan(60)
  })

  test('A role with the rights that an application needs can end them, and reset the outbox', async () => {
    const role = `app_${process.pid}`
    const admin = (text: string) => stores.postgres.withConnection((lent) => lent.query(text))
    await admin(
      `CREATE ROLE ${role} LOGIN PASSWORD 'pw';
      GRANT USAGE ON SCHEMA public TO ${role};
      GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`,
    )
    const url = new URL(fixture.own.postgres.url)
    Object.assign(url, { username: role, password: 'pw' })
    const restricted = orThrow(
      await connect({
        postgres: { url: url.href },
        redis: { url: fixture.own.redis.url, keyPrefix: fixture.own.redis.prefix },
      }),
    )
    // As if it came from a server that was further on.
    await admin(
      `INSERT INTO outbox (id, aggregatetype, aggregateid, type, xid)
      VALUES (gen_random_uuid(), 'course', '1', 'course.updated', '4000000000000')`,
    )
    const restoredTo = await moment()
    const token = await begin(12)
    await moment()
    const restore = { restoredTo, openedAt: await moment(), marginMs: 0, apply: true }
    const report = orThrow(await resync(restricted, restore))
    expect(findingsOf(report, 'sessions')).toContainEqual(ended(1))
    expect(findingsOf(report, 'outbox')).toContainEqual(
      expect.objectContaining({ outcome: 'rebuilt' }),
    )
    expect(await areThere([token])).toEqual([false])
    orThrow(await restricted.close())
    await admin(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  })
})

describe('revocations of a lost future', () => {
  /** Takes the revocations back, ids included, as a restore does. */
  const loseRevocations = async (): Promise<void> => {
    orThrow(await stores.postgres.query('DELETE FROM @schema.session_revocation'))
    orThrow(
      await stores.postgres.query(
        `SELECT setval(pg_get_serial_sequence('@schema.session_revocation', 'id'), 1, false)`,
      ),
    )
  }

  const idsOf = async (): Promise<string[]> =>
    orThrow(
      await stores.postgres.query<{ id: string }>(
        'SELECT id::text AS id FROM @schema.session_revocation WHERE is_applied',
      ),
    ).rows.map(({ id }) => id)

  test('A revocation ends its sessions although Redis has carried out another one of its id', async () => {
    await loseRevocations()
    orThrow(await sessions.revokeAll(8))
    await eventually(async () => {
      expect(await idsOf()).toEqual(['1'])
    })
    await loseRevocations()
    // Before a resync too: nobody has to wait for one to be safe.
    const token = await begin(8)
    orThrow(await sessions.revokeAll(8))
    await eventually(async () => {
      expect(await idsOf()).toEqual(['1'])
    })
    expect(await areThere([token])).toEqual([false])
    orThrow(await resync(stores, restoreNow({ apply: true })))
    expect(await areThere([token])).toEqual([false])
  })

  test('Control: by its id alone, a revocation is taken for the one that Redis has carried out', async () => {
    const index = `${stores.redis.keyPrefix}index of nobody`
    const epochOf = (name: string) =>
      stores.redis.run('begin', (client) =>
        beginEpoch(client, index, { name, epoch: null, knownEpoch: '0', keepMs: 60_000 }),
      )
    expect(orThrow(await epochOf('1')).epoch).toBe('1')
    expect(orThrow(await epochOf('1')).epoch).toBe('1')
    expect(orThrow(await epochOf('1@1')).epoch).toBe('2')
    expect(orThrow(await epochOf('1@2')).epoch).toBe('3')
  })
})
