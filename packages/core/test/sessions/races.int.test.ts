import { createSessions, orThrow, type Sessions } from '@headwater/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { beginEpoch } from '../../src/sessions/scripts/begin-epoch.ts'
import { confirmSession } from '../../src/sessions/scripts/confirm-session.ts'
import { enterSession } from '../../src/sessions/scripts/enter-session.ts'
import { NaiveSessions } from './naive-sessions.ts'
import { type SessionFixture, sessionFixture } from './session-fixture.ts'
import { everyOrder, type SteppedRedis, steppedStores } from './stepped-redis.ts'

let fixture: SessionFixture
beforeAll(async () => {
  fixture = await sessionFixture()
})
afterAll(() => fixture.dispose())

interface Actor {
  readonly redis: SteppedRedis
  readonly sessions: Sessions
}

let users = 0
let user = ''

/** Two processes that do not look for revocations during the race. */
async function twoProcesses(): Promise<[Actor, Actor]> {
  const [one, other] = [
    steppedStores((await fixture.open()).stores),
    steppedStores((await fixture.open()).stores),
  ]
  const actors: [Actor, Actor] = [one, other].map((stores) => ({
    redis: stores.redis,
    sessions: createSessions(stores, { lookEveryMs: 3_600_000 }),
  })) as [Actor, Actor]
  for (const { sessions } of actors) orThrow(await sessions.list('nobody'))
  return actors
}

const isThere = async (sessions: Sessions, token: string | undefined) =>
  token !== undefined && orThrow(await sessions.get(token)) !== undefined
/** Whether the first actor's first flush came before the other's. */
const isOvertaken = (order: readonly number[]) => order[0] === 0

describe('every order in which flushes reach Redis', () => {
  test('A session that is being created survives no concurrent revocation of all, in any order', async () => {
    const [creator, revoker] = await twoProcesses()
    const survivors: string[] = []
    const outcomes = new Set<string>()
    let token: string | undefined
    const played = await everyOrder({
      prepare: async () => {
        user = `racer ${(users += 1)}`
      },
      actors: [
        {
          redis: creator.redis,
          act: async () => {
            token = (await creator.sessions.create({ userId: user }))
              .map((started) => started.token)
              .unwrapOr(undefined as unknown as string)
          },
        },
        { redis: revoker.redis, act: async () => orThrow(await revoker.sessions.revokeAll(user)) },
      ],
      judge: async (order) => {
        const lives = await isThere(creator.sessions, token)
        outcomes.add(`${token === undefined ? 'refused' : 'begun'} ${lives ? 'lives' : 'ended'}`)
        if (lives && isOvertaken(order)) survivors.push(order.join(''))
      },
    })
    expect(survivors).toEqual([])
    expect(played).toBeGreaterThan(4)
    expect([...outcomes].sort()).toEqual(['begun ended', 'begun lives', 'refused ended'])
  })

  test('A session that is being rotated survives no concurrent revocation of all, in any order', async () => {
    const [owner, revoker] = await twoProcesses()
    const survivors: string[] = []
    let [token, next]: [string, string | undefined] = ['', undefined]
    await everyOrder({
      prepare: async () => {
        user = `racer ${(users += 1)}`
        token = orThrow(await owner.sessions.create({ userId: user })).token
      },
      actors: [
        {
          redis: owner.redis,
          act: async () => {
            next = orThrow(await owner.sessions.rotate(token))?.token
          },
        },
        { redis: revoker.redis, act: async () => orThrow(await revoker.sessions.revokeAll(user)) },
      ],
      judge: async (order) => {
        if ((await isThere(owner.sessions, token)) || (await isThere(owner.sessions, next)))
          survivors.push(order.join(''))
      },
    })
    expect(survivors).toEqual([])
  })

  test('A session whose user ends the others survives no concurrent revocation of all, in any order', async () => {
    const [owner, revoker] = await twoProcesses()
    const survivors: string[] = []
    let [token, next]: [string, string | undefined] = ['', undefined]
    await everyOrder({
      prepare: async () => {
        user = `racer ${(users += 1)}`
        token = orThrow(await owner.sessions.create({ userId: user })).token
      },
      actors: [
        {
          redis: owner.redis,
          act: async () => {
            const continued = await owner.sessions.revokeOthers(token)
            next = continued.isOk() ? continued.value?.token : undefined
          },
        },
        { redis: revoker.redis, act: async () => orThrow(await revoker.sessions.revokeAll(user)) },
      ],
      judge: async (order) => {
        if ((await isThere(owner.sessions, token)) || (await isThere(owner.sessions, next)))
          survivors.push(order.join(''))
      },
    })
    expect(survivors).toEqual([])
  })

  test('Two concurrent rotations of a token give one new token, in any order', async () => {
    const [one, other] = await twoProcesses()
    let [token, next]: [string, (string | undefined)[]] = ['', []]
    const counts: number[] = []
    const rotate = async ({ sessions }: Actor) =>
      void next.push(orThrow(await sessions.rotate(token))?.token)
    const played = await everyOrder({
      prepare: async () => {
        user = `racer ${(users += 1)}`
        next = []
        token = orThrow(await one.sessions.create({ userId: user })).token
      },
      actors: [one, other].map((actor) => ({ redis: actor.redis, act: () => rotate(actor) })),
      judge: async () => {
        const alive = await Promise.all([token, ...next].map((each) => isThere(one.sessions, each)))
        counts.push(alive.filter(Boolean).length)
      },
    })
    expect(new Set(counts)).toEqual(new Set([1]))
    expect(played).toBeGreaterThan(19)
  })

  test('Control: sessions without an epoch survive a concurrent revocation of all', async () => {
    const [one, other] = await twoProcesses()
    const survivors = { created: 0, rotated: 0 }
    const [creator, revoker] = [new NaiveSessions(one.redis), new NaiveSessions(other.redis)]
    let token: string | undefined
    const against = (redis: SteppedRedis, act: () => Promise<unknown>) => [
      { redis, act },
      { redis: other.redis, act: () => revoker.revokeAll(user) },
    ]
    await everyOrder({
      prepare: async () => {
        user = `racer ${(users += 1)}`
      },
      actors: against(one.redis, async () => {
        token = await creator.create(user)
      }),
      judge: async (order) => {
        if ((await creator.isThere(token ?? '')) && isOvertaken(order)) survivors.created += 1
      },
    })
    let old = ''
    await everyOrder({
      prepare: async () => {
        user = `racer ${(users += 1)}`
        old = await creator.create(user)
      },
      actors: against(one.redis, async () => {
        token = await creator.rotate(old)
      }),
      judge: async () => {
        if (token !== undefined && (await creator.isThere(token))) survivors.rotated += 1
      },
    })
    expect(survivors.created).toBeGreaterThan(0)
    expect(survivors.rotated).toBeGreaterThan(0)
  })
})

test('A session that a revocation of all has overtaken is not confirmed, and leaves the index', async () => {
  const { redis } = (await fixture.open()).stores
  const [client, index] = [redis.client as never, `${redis.keyPrefix}index of one user`]
  const members = () => redis.client.zRangeByScore(index, '-inf', '3000000000000000')
  const entered = await enterSession(client, { index, hash: 'aa', absoluteTtlMs: 60_000 })
  const session = { hash: 'aa', epoch: entered?.epoch ?? '' }
  expect(await confirmSession(client, index, session)).toBe(true)
  expect(await members()).toEqual(['0:aa'])
  await beginEpoch(client, index, { name: '1', epoch: null, knownEpoch: '0', keepMs: 60_000 })
  expect(await confirmSession(client, index, session)).toBe(false)
  expect(await members()).toEqual([])
})
