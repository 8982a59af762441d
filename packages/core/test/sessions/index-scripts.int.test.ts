import type { RedisClientType } from '@redis/client'
import { isolate } from '@headwater/testing'
import { createClient } from '@redis/client'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { beginEpoch } from '../../src/sessions/scripts/begin-epoch.ts'
import { enterSession } from '../../src/sessions/scripts/enter-session.ts'
import { epochOfSession } from '../../src/sessions/scripts/epoch-of-session.ts'
import { forgetSessions } from '../../src/sessions/scripts/forget-sessions.ts'
import { leaveSession } from '../../src/sessions/scripts/leave-session.ts'

let own: Awaited<ReturnType<typeof isolate>>
let client: RedisClientType
let index = ''
let users = 0

beforeAll(async () => {
  own = await isolate(inject('stack'))
  client = createClient({ url: own.redis.url })
  await client.connect()
})
afterAll(async () => {
  await client.close()
  await own.dispose()
})
beforeEach(() => {
  index = `${own.redis.prefix}index ${(users += 1)}`
})

const dayMs = 86_400_000
const now = async () => Number((await client.time())[0]) * 1_000
const enter = (hash: string, absoluteTtlMs = dayMs) =>
  enterSession(client, { index, hash, absoluteTtlMs })
const revoke = (
  name: string,
  more: { epoch?: string; knownEpoch?: string; keepMs?: number } = {},
) => beginEpoch(client, index, { name, epoch: null, knownEpoch: '0', keepMs: dayMs, ...more })
const members = () => client.zRange(index, 0, -1)
const lifeMs = () => client.pTTL(index)

describe('the index of a user', () => {
  test('It names a session until a minute after its end, and lives a minute longer', async () => {
    const startedAt = await now()
    await enter('aa')
    const end = startedAt + dayMs + 60_000
    expect(Math.abs(((await client.zScore(index, '0:aa')) ?? 0) - end)).toBeLessThan(30_000)
    expect(Math.abs((await lifeMs()) - dayMs - 120_000)).toBeLessThan(30_000)
    await enter('bb', dayMs / 2)
    expect(await lifeMs()).toBeGreaterThan(dayMs)
    await enter('cc', dayMs + 60_000)
    expect(await lifeMs()).toBeGreaterThan(dayMs + 150_000)
  })

  test('A session continues one of the current epoch, and none that has been revoked', async () => {
    const continueAs = (hash: string, continues: string) =>
      enterSession(client, { index, hash, absoluteTtlMs: dayMs, continues })
    await enter('aa')
    expect(await continueAs('bb', 'aa')).toEqual({ epoch: '0', count: 2 })
    await revoke('1')
    expect(await continueAs('cc', 'bb')).toBeUndefined()
    expect(await members()).toEqual(['0:aa', '0:bb', 'epoch', 'r1'])
  })

  test('Sessions that have expired leave it when another one enters', async () => {
    await enter('aa')
    await client.zAdd(index, { score: (await now()) - 1, value: '0:aa' })
    expect(await enter('bb')).toEqual({ epoch: '0', count: 1 })
    expect(await members()).toEqual(['0:bb'])
  })

  test('A session leaves it in the epoch it is of', async () => {
    await revoke('1')
    await enter('aa')
    await enter('bb')
    expect(await epochOfSession(client, index, 'aa')).toBe('1')
    await leaveSession(client, index, 'aa')
    expect(await epochOfSession(client, index, 'aa')).toBeUndefined()
    expect(await members()).toEqual(['1:bb', 'epoch', 'r1'])
  })

  test('A revocation begins the next epoch, once, and names what it ends', async () => {
    await enter('aa')
    expect(await revoke('1')).toEqual({ epoch: '1', ended: ['aa'] })
    await enter('bb')
    expect(await revoke('2')).toEqual({ epoch: '2', ended: ['aa', 'bb'] })
    expect(await revoke('1')).toEqual({ epoch: '1', ended: ['aa'] })
    expect((await enter('cc'))?.epoch).toBe('2')
  })

  test('A server that has forgotten the epochs goes on after those that PostgreSQL knows', async () => {
    expect((await revoke('8', { knownEpoch: '7' })).epoch).toBe('8')
    expect((await revoke('5', { epoch: '5', knownEpoch: '8' })).epoch).toBe('5')
    expect((await enter('aa'))?.epoch).toBe('8')
  })

  test('A revocation keeps it as long as is asked, and never shortens its life', async () => {
    await revoke('1')
    expect(await lifeMs()).toBeGreaterThan(dayMs - 30_000)
    await revoke('2', { keepMs: dayMs / 2 })
    expect(await lifeMs()).toBeGreaterThan(dayMs - 30_000)
  })

  test('Only what has ended is forgotten', async () => {
    await enter('aa')
    await enter('bb')
    await revoke('1')
    await enter('aa')
    await forgetSessions(client, index, ['aa'])
    expect(await members()).toEqual(['0:bb', '1:aa', 'epoch', 'r1'])
  })
})
