import { createSessions, orThrow, type Stores } from '@headwater/core'
import { eventually, faultProxy } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SessionFixture, sessionFixture } from './session-fixture.ts'

const hourMs = 3_600_000

let fixture: SessionFixture
let stores: Stores
beforeAll(async () => {
  fixture = await sessionFixture()
  stores = (await fixture.open()).stores
})
afterAll(() => fixture.dispose())

describe('a clock that is set back', () => {
  test('A session written before Redis’ clock was set back keeps its idle and its absolute time', async () => {
    const sessions = createSessions(stores, { ttlMs: 60_000, absoluteTtlMs: 120_000 })
    const { token } = orThrow(await sessions.create({ userId: 'stepped' }))
    const id = orThrow(await sessions.get(token))?.id ?? ''
    const key = `${fixture.own.redis.prefix}session:${id}`
    const stored = () => stores.redis.run('read', (client) => client.get(key))
    const text = orThrow(await stored()) ?? ''
    // Written before the clock was set back by an hour, all its moments lie that far in the future.
    const moved = text.replace(/\d{13}/g, (moment) => String(Number(moment) + hourMs))
    orThrow(
      await stores.redis.run('step', (client) =>
        client.set(key, moved, { expiration: { type: 'PX', value: hourMs } }),
      ),
    )
    const nowMs = Date.now()
    const touched = orThrow(await sessions.touch(token))
    expect(touched?.expiresAt.getTime()).toBeLessThan(nowMs + 60_000 + 5_000)
    const limit = Number((orThrow(await stored()) ?? '').split(' ')[1])
    expect(limit).toBeLessThan(nowMs + 120_000 + 5_000)
    const lifeMs = orThrow(await stores.redis.run('life', (client) => client.pTTL(key)))
    expect(lifeMs).toBeLessThanOrEqual(60_000)
  })

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
      timeoutMs: 10_000,
    })
    orThrow(await cutOff.stores.close())
    await redis.close()
  })
})
