import { orThrow } from '@headwater/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { appliedKey, indexKey, userName } from '../../src/sessions/session-keys.ts'
import { type SessionFixture, sessionFixture } from './session-fixture.ts'

let fixture: SessionFixture

beforeAll(async () => {
  fixture = await sessionFixture()
})
afterAll(() => fixture.dispose())

test('After an earlier build a user ends the other sessions and keeps the one', async () => {
  const before = await fixture.open()
  orThrow(await before.sessions.revokeAll('ada'))
  orThrow(await before.stores.close())
  // What an earlier build leaves: its indexes have other keys, and its note is of this server.
  const { redis } = (await fixture.open()).stores
  await redis.client.unlink([indexKey(redis, userName('ada')), appliedKey(redis)])
  await redis.client.set(`${redis.keyPrefix}sessions:applied`, redis.runId ?? '')

  const { sessions } = await fixture.open()
  const { token } = orThrow(await sessions.create({ userId: 'ada' }))
  const next = orThrow(await sessions.revokeOthers(token))?.token ?? ''
  expect(orThrow(await sessions.get(next))).toBeDefined()
})
