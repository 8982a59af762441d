import { orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { createClient, type RedisClientType } from '@redis/client'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  noticedWithin,
  type ReplicaPair,
  startReplicaPair,
} from '../stores/redis/replicas-fixture.ts'
import { type SessionFixture, sessionFixture, type SessionProcess } from './session-fixture.ts'

let fixture: SessionFixture
let pair: ReplicaPair
beforeAll(async () => {
  fixture = await sessionFixture()
})
afterAll(() => fixture.dispose())
beforeEach(async () => {
  pair = await startReplicaPair()
})
afterEach(() => pair.stop())

const on = ({ url }: { readonly url: string }) => fixture.open({ redis: { url } })
const isFound = async ({ sessions }: SessionProcess, token: string) =>
  orThrow(await sessions.get(token)) !== undefined
const isServed = (process: SessionProcess) =>
  eventually(async () => {
    orThrow(await process.sessions.get('A'.repeat(43)))
  }, noticedWithin)
const isRefused = ({ stores }: SessionProcess) =>
  eventually(() => {
    expect(stores.redis.isAvailable).toBe(false)
  }, noticedWithin)

async function tokensOf({ sessions }: SessionProcess): Promise<Tokens> {
  const [revoked, rotated, kept] = await Promise.all(
    ['revoked', 'rotated', 'kept'].map(async (userId) =>
      orThrow(await sessions.create({ userId })),
    ),
  )
  return {
    revoked: revoked?.token ?? '',
    rotated: rotated?.token ?? '',
    kept: kept?.token ?? '',
  }
}

interface Tokens {
  readonly revoked: string
  readonly rotated: string
  readonly kept: string
}

async function end({ sessions }: SessionProcess, tokens: Tokens): Promise<void> {
  expect(orThrow(await sessions.revokeAll('revoked'))).toBe(1)
  expect(orThrow(await sessions.rotate(tokens.rotated))).toBeDefined()
}

/** Ends sessions on the second server between a failover to it and the failback. */
async function endBetweenFailovers(one: SessionProcess, tokens: Tokens): Promise<void> {
  await pair.replicate(pair.second)
  await pair.promote(pair.second)
  await pair.replicate(pair.first)
  await isRefused(one)
  pair.holdReplication()
  await end(await on(pair.second), tokens)
  await pair.promote(pair.first)
}

async function expectEnded(process: SessionProcess, tokens: Tokens): Promise<void> {
  await isServed(process)
  const { revoked, rotated, kept } = tokens
  const found = [revoked, rotated, kept].map((token) => isFound(process, token))
  expect(await Promise.all(found)).toEqual([false, false, true])
}

test('A session revoked between a failover and the failback is not found on the first server again', async () => {
  await pair.replicate(pair.second)
  const one = await on(pair.first)
  const tokens = await tokensOf(one)
  await endBetweenFailovers(one, tokens)
  await expectEnded(one, tokens)
  await expectEnded(await on(pair.first), tokens)
})

test('A process that was connected to a replica finds no revoked session once it is promoted', async () => {
  await pair.replicate(pair.second)
  const one = await on(pair.first)
  const tokens = await tokensOf(one)
  await pair.replicate(pair.second)
  const early = await fixture.open({ redis: { url: pair.second.url, required: false } })
  expect((await early.sessions.get(tokens.kept)).isErr()).toBe(true)
  pair.holdReplication()
  await end(one, tokens)
  await pair.promote(pair.second)
  await expectEnded(early, tokens)
})

test('A client of the host that stays connected through failover and failback finds no revoked session', async () => {
  await pair.replicate(pair.second)
  const client = createClient({ url: pair.first.url }) as RedisClientType
  client.on('error', () => undefined)
  await client.connect()
  const one = await fixture.open({ redis: { client } })
  const tokens = await tokensOf(one)
  await endBetweenFailovers(one, tokens)
  await expectEnded(one, tokens)
  client.destroy()
})
