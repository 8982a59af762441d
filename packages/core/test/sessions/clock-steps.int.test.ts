import { createSessions, orThrow, type Stores } from '@headwater/core'
import { eventually, faultProxy } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Revocations } from '../../src/sessions/revocations.ts'
import { sessionKey } from '../../src/sessions/session-keys.ts'
import { type SessionFixture, sessionFixture } from './session-fixture.ts'

const hourMs = 3_600_000

let fixture: SessionFixture
let stores: Stores
beforeAll(async () => {
  fixture = await sessionFixture()
  stores = (await fixture.open()).stores
})
afterAll(() => fixture.dispose())

const times = { ttlMs: 60_000, absoluteTtlMs: 120_000 }
const steppedSessions = [
  { whose: 'the', ofAll: times, own: {} },
  { whose: 'its own', ofAll: {}, own: times },
]

describe('a clock that is set back', () => {
  test.each(steppedSessions)(
    'A session written before Redis’ clock was set back keeps $whose idle and absolute time',
    async ({ ofAll, own }) => {
      const sessions = createSessions(stores, ofAll)
      const { token } = orThrow(await sessions.create({ userId: 'stepped', ...own }))
      const id = orThrow(await sessions.get(token))?.id ?? ''
      const key = sessionKey(stores.redis, id)
      const stored = () => stores.redis.run('read', (client) => client.get(key))
      const text = orThrow(await stored()) ?? ''
      // Written before the clock was set back by an hour, its moments lie that far in the future.
      const moved = text.replace(/\d{13}/g, (moment) => String(Number(moment) + hourMs))
      orThrow(
        await stores.redis.run('step', (client) =>
          client.set(key, moved, { expiration: { type: 'PX', value: hourMs } }),
        ),
      )
      const nowMs = Date.now()
      const touched = orThrow(await sessions.touch(token))
      expect(touched?.expiresAt.getTime()).toBeLessThan(nowMs + 60_000 + 50_000)
      const limit = Number((orThrow(await stored()) ?? '').split(' ')[1])
      expect(limit).toBeLessThan(nowMs + 120_000 + 50_000)
      const lifeMs = orThrow(await stores.redis.run('life', (client) => client.pTTL(key)))
      expect(lifeMs).toBeLessThanOrEqual(60_000)
    },
  )

  test('A revocation that its writer could not apply holds although PostgreSQL’s clock was set back', async () => {
    const redis = await faultProxy(fixture.own.redis.url)
    const other = await fixture.open()
    const cutOff = await fixture.open({ redis: { url: redis.url } })
    const { token } = orThrow(await other.sessions.create({ userId: 'stepped too' }))
    orThrow(await cutOff.sessions.list('nobody'))
    redis.cut()
    await eventually(() => !cutOff.stores.redis.isAvailable)
    const before = `UPDATE @schema.session_revocation SET revoked_at = revoked_at + interval '1 hour'`
    expect((await cutOff.sessions.revoke(token)).isErr()).toBe(true)
    orThrow(await stores.postgres.query(before))
    await eventually(async () => orThrow(await other.sessions.get(token)) === undefined, {
      timeoutMs: 60_000,
    })
    orThrow(await cutOff.stores.close())
    await redis.close()
  })
})

describe('a clock that is set forward', () => {
  /** A process for which PostgreSQL's clock can be set. */
  async function openStepped() {
    orThrow(
      await stores.postgres.query(`
        DO $$ BEGIN
          CREATE SCHEMA clock;
          CREATE TABLE clock.step (ahead interval NOT NULL);
          INSERT INTO clock.step VALUES ('0');
          CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql
            RETURN pg_catalog.clock_timestamp() + (SELECT ahead FROM clock.step);
        END $$`),
    )
    const url = new URL(fixture.own.postgres.url)
    url.searchParams.set('options', '-c search_path=clock,pg_catalog,public')
    const process = await fixture.open({ postgres: { url: url.href } })
    const setAhead = async (ahead: string) =>
      orThrow(await stores.postgres.query('UPDATE clock.step SET ahead = $1::interval', [ahead]))
    return { stores: process.stores, setAhead }
  }

  test('A revocation outlives a step of PostgreSQL’s clock by more than the life of a session', async () => {
    const stepped = await openStepped()
    const revocations = new Revocations(stepped.stores, 24 * hourMs)
    const { log } = revocations
    await revocations.purge()
    const recent = orThrow(await log.write({ user: 'recent' }))
    const old = orThrow(await log.write({ user: 'old' }))
    const age = `UPDATE @schema.session_revocation SET revoked_at = revoked_at - interval '25 hours'
      WHERE id = $1`
    orThrow(await stores.postgres.query(age, [old.id]))
    await stepped.setAhead('40 days')
    await revocations.purge()
    const left = orThrow(await log.page('all', '0')).map(({ id }) => id)
    expect(left).toContain(recent.id)
    expect(left).not.toContain(old.id)
  })
})
