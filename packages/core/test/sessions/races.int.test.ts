import { createSessions, orThrow, type Sessions } from '@headwater/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NaiveSessions } from './naive-sessions.ts'
import { type SessionStage, sessionStage } from './session-fixture.ts'
import { everyOrder, type SteppedRedis, steppedStores } from './stepped-redis.ts'

let stage: SessionStage
beforeAll(async () => {
  stage = await sessionStage()
})
afterAll(() => stage.dispose())

interface Actor {
  readonly redis: SteppedRedis
  readonly sessions: Sessions
}

let users = 0
let user = ''

/** Two processes that look for nothing meanwhile. */
async function twoProcesses(): Promise<[Actor, Actor]> {
  const [one, other] = [
    steppedStores((await stage.open()).stores),
    steppedStores((await stage.open()).stores),
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

describe('in every order of what reaches Redis', () => {
  test('a session that is being created does not survive the end of all', async () => {
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

  test('a session that is being rotated does not survive it either', async () => {
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

  test('a token that two rotate gives one new token', async () => {
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

  test('sessions without an epoch survive: the races are real', async () => {
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
