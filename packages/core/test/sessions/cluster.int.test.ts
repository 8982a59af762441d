import { orThrow, resync } from '@headwater/core'
import { eventually, type RedisCluster, startRedisCluster } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SessionProcess, type SessionFixture, sessionFixture } from './session-fixture.ts'

let fixture: SessionFixture
let cluster: RedisCluster
let one: SessionProcess
beforeAll(async () => {
  ;[fixture, cluster] = await Promise.all([sessionFixture(), startRedisCluster()])
  one = await fixture.open({ redis: { rootNodes: cluster.urls } })
})
afterAll(async () => {
  await fixture.dispose()
  await cluster.stop()
})

const userIds = Array.from({ length: 12 }, (_, n) => n)
const tokens = () =>
  Promise.all(userIds.map(async (userId) => orThrow(await one.sessions.create({ userId })).token))
const areThere = (some: readonly string[]) =>
  Promise.all(some.map(async (token) => orThrow(await one.sessions.get(token)) !== undefined))

describe('on a cluster', () => {
  test('On a cluster, sessions of all slots begin, slide, rotate, are listed and end', async () => {
    const begun = await tokens()
    expect(await areThere(begun)).toEqual(begun.map(() => true))
    expect(orThrow(await one.sessions.touch(begun[0] ?? ''))).toMatchObject({ userId: 0 })
    const rotated = await Promise.all(
      begun.map(async (token) => orThrow(await one.sessions.rotate(token))?.token ?? ''),
    )
    expect(await areThere(begun)).toEqual(begun.map(() => false))
    expect(await areThere(rotated)).toEqual(begun.map(() => true))
    expect(
      await Promise.all(
        userIds.map(async (userId) => orThrow(await one.sessions.list(userId)).length),
      ),
    ).toEqual(userIds.map(() => 1))
    expect(
      await Promise.all(
        rotated.slice(0, 6).map(async (token) => orThrow(await one.sessions.revoke(token))),
      ),
    ).toEqual(Array(6).fill(true))
    expect(
      await Promise.all(
        userIds.slice(6).map(async (userId) => orThrow(await one.sessions.revokeAll(userId))),
      ),
    ).toEqual(Array(6).fill(1))
    expect(await areThere(rotated)).toEqual(begun.map(() => false))
  })

  test('A resync finds the sessions of a lost future on every master of a cluster', async () => {
    const kept = await tokens()
    const restoredTo = new Date(Date.now() + 1)
    await eventually(() => Date.now() > restoredTo.getTime() + 1)
    const lost = await tokens()
    const openedAt = new Date(Date.now() + 1)
    const restore = { restoredTo, openedAt, marginMs: 0, apply: true }
    orThrow(await resync(one.stores, restore))
    expect(await areThere(kept)).toEqual(kept.map(() => true))
    expect(await areThere(lost)).toEqual(lost.map(() => false))
  })

  test('A master of a cluster that returns with an older snapshot revives no ended session', async () => {
    const [kept, revoked] = [await tokens(), await tokens()]
    await Promise.all(cluster.masters.map((master) => master.snapshot()))
    await Promise.all(revoked.map(async (token) => orThrow(await one.sessions.revoke(token))))
    await cluster.masters[1]?.kill()
    await cluster.masters[1]?.restart({ keepData: true })
    await eventually(
      async () => {
        expect(await areThere(kept)).toEqual(kept.map(() => true))
      },
      { timeoutMs: 60_000 },
    )
    const found = await eventually(() => areThere(revoked))
    expect(found).toEqual(revoked.map(() => false))
  })

  test('A revocation of all ends every session of a user, whatever a master has lost', async () => {
    const begun = await tokens()
    await cluster.masters[1]?.kill()
    await cluster.masters[1]?.restart()
    const left = await eventually(() => areThere(begun), { timeoutMs: 60_000 })
    expect(new Set(left)).toEqual(new Set([true, false]))
    await Promise.all(userIds.map(async (userId) => orThrow(await one.sessions.revokeAll(userId))))
    expect(await areThere(begun)).toEqual(begun.map(() => false))
  })
})
