import { connect, type ConnectOptions, Diagnostics, orThrow, type Stores } from '@headwater/core'
import {
  eventually,
  freePort,
  isolate,
  type IsolatedStores,
  startRedisSentinels,
  startRedisServer,
} from '@headwater/testing'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { ask, noticedWithin } from './replicas-fixture.ts'
import { connectionsTo, type SentinelGroup, startSentinelGroup } from './sentinel-fixture.ts'

let own: IsolatedStores<'postgres' | 'redis'>
let group: SentinelGroup
const opened: Stores[] = []

beforeAll(async () => {
  ;[own, group] = await Promise.all([isolate(inject('stack')), startSentinelGroup()])
})
afterAll(async () => {
  await group.stop()
  await own.dispose()
})
afterEach(() => Promise.all(opened.splice(0).map((stores) => stores.close())))

async function open(
  redis: ConnectOptions['redis'],
  diagnostics = new Diagnostics(),
): Promise<Stores> {
  const stores = orThrow(
    await connect({
      postgres: { url: own.postgres.url },
      redis: { deadlineMs: 2_000, ...redis },
      diagnostics,
    }),
  )
  opened.push(stores)
  return stores
}

const isUp = (stores: Stores) =>
  eventually(() => expect(stores.redis.isAvailable).toBe(true), noticedWithin)
const set = (stores: Stores, key: string) =>
  stores.redis.run('set', (client) => client.set(key, 'value'))
const complaint = async (stores: Stores) => (await stores.health()).stores.redis?.error ?? ''

describe('Sentinels', () => {
  test('The primary that Sentinels name is used, with its user and database', async () => {
    const stores = await open({ ...group.redis, database: 3 })
    await isUp(stores)
    expect(stores.redis.runId).toMatch(/^[0-9a-f]{40}$/)
    orThrow(await set(stores, 'three'))
    const { url } = await group.primary()
    expect([await ask(`${url}/3`, 'GET', 'three'), await ask(url, 'EXISTS', 'three')]).toEqual([
      'value',
      '0',
    ])
  })

  test('connect takes a user without INFO, whose entries are not trusted', async () => {
    const rights = ['on', '>secret', '~*', '&*', '+@all', '-info']
    for (const { url } of group.servers) await ask(url, 'ACL', 'SETUSER', 'mute', ...rights)
    const stores = await open({ ...group.redis, username: 'mute' })
    await isUp(stores)
    expect(stores.redis.runId).toBeUndefined()
    orThrow(await set(stores, 'mute'))
  })

  test('connect takes a user of the Sentinels who may listen and ask for the primary', async () => {
    const asking = ['+hello', '+auth', '+sentinel|get-master-addr-by-name', '+sentinel|master']
    const rights = ['on', '>secret', '-@all', ...asking, '+subscribe', '&+switch-master']
    for (const { url } of group.sentinels.servers)
      await ask(url, 'ACL', 'SETUSER', 'watcher', ...rights)
    const credentials = { sentinelUsername: 'watcher', sentinelPassword: 'secret' }
    await isUp(await open({ ...group.redis, ...credentials }))
  })

  const wrong: readonly [string, ConnectOptions['redis'], string][] = [
    ['An unknown name', { name: 'other' }, 'know no primary of this name: check `name`'],
    ['A wrong password', { password: 'wrong' }, 'user or password was not accepted'],
    [
      'A wrong password of the Sentinels',
      { sentinelUsername: 'nobody', sentinelPassword: 'wrong' },
      'no Sentinel answers: 127.0.0.1:',
    ],
  ]
  test.each(wrong)('%s is said in health and in store:error', async (_, changed, reason) => {
    const diagnostics = new Diagnostics()
    const errors: string[] = []
    diagnostics.on('store:error', ({ error }) => errors.push(String(error)))
    const stores = await open({ ...group.redis, ...changed }, diagnostics)
    await eventually(async () => expect(await complaint(stores)).toContain(reason), noticedWithin)
    expect(errors.length).toBeGreaterThan(0)
  })

  test('connect fails at once where Redis is required and the password is wrong', async () => {
    const failure = (
      await connect({
        postgres: { url: own.postgres.url },
        redis: { ...group.redis, password: 'wrong', required: true },
        connectDeadlineMs: 60_000,
      })
    )._unsafeUnwrapErr()
    expect(failure).toMatchObject({ type: 'store-unavailable', store: 'redis', retryable: false })
  })

  test('Redis comes up once one of its Sentinels does', async () => {
    const [host, port] = ['127.0.0.1', await freePort()]
    const nobody = await open({ ...group.redis, sentinels: [{ host, port }] })
    expect(await complaint(nobody)).toContain(
      `no Sentinel answers: ${host}:${port}: nothing listens`,
    )
    const some = await open({
      ...group.redis,
      sentinels: [{ host, port }, ...group.sentinels.addresses.slice(2)],
    })
    await isUp(some)
  })

  test('Of Sentinels that disagree the one that knows of more failovers is believed', async () => {
    const [old, current] = await Promise.all([startRedisServer(), startRedisServer()])
    const alone = { count: 1, replicas: 0 }
    const [cutOff, knowing] = await Promise.all([
      startRedisSentinels(old, alone),
      startRedisSentinels(current, { ...alone, config: ['sentinel config-epoch main 5'] }),
    ])
    for (const [key, sentinels] of Object.entries({
      one: [...cutOff.addresses, ...knowing.addresses],
      two: [...knowing.addresses, ...cutOff.addresses],
    })) {
      const stores = await open({ sentinels, name: 'main' })
      await isUp(stores)
      orThrow(await set(stores, key))
    }
    expect(await ask(current.url, 'EXISTS', 'one', 'two')).toBe('2')
    await Promise.all([cutOff, knowing, old, current].map((server) => server.stop()))
  })
})

describe('a failover', () => {
  test('The connections to a primary that is well are dropped as soon as Sentinels name another', async () => {
    const stores = await open(group.redis)
    await isUp(stores)
    const before = stores.redis.runId
    let losses = 0
    stores.redis.onTrustLost(() => {
      losses += 1
    })
    const unlisten = stores.hints.listen(() => undefined)
    const old = await group.primary()
    await eventually(async () => expect(await connectionsTo(old)).toBe(2), noticedWithin)
    await group.sentinels.failOver()
    await eventually(async () => expect(await connectionsTo(old)).toBe(0), noticedWithin)
    // It goes on acknowledging what it will lose.
    expect(await ask(old.url, 'ROLE')).toContain('master')
    await isUp(stores)
    expect(losses).toBeGreaterThan(0)
    expect(stores.redis.runId).not.toBe(before)
    orThrow(await set(stores, 'after'))
    const current = await group.primary()
    expect(current.port).not.toBe(old.port)
    expect(await ask(current.url, 'EXISTS', 'after')).toBe('1')
    await eventually(async () => expect(await connectionsTo(current)).toBe(2), noticedWithin)
    unlisten()
    await eventually(
      async () => expect(await ask(old.url, 'ROLE')).toContain('slave'),
      noticedWithin,
    )
    await eventually(async () => expect(await old.isInSync()).toBe(true), noticedWithin)
  })

  test('A primary that was killed is followed, also with one Sentinel that hangs', async () => {
    const stores = await open(group.redis)
    await isUp(stores)
    await group.sentinels.servers[2]?.pause()
    const old = await group.primary()
    await old.kill()
    await eventually(async () => expect((await set(stores, 'on')).isOk()).toBe(true), noticedWithin)
    await group.sentinels.servers[2]?.resume()
    const other = group.servers.find((server) => server !== old)
    expect(await ask(other?.url ?? '', 'EXISTS', 'on')).toBe('1')
    for (const { url } of group.sentinels.servers)
      await eventually(async () => {
        const named = await ask(url, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', group.sentinels.name)
        expect(named).toContain(String(other?.port))
      }, noticedWithin)
  })

  test('A primary that was demoted without its Sentinels is refused, and said in health', async () => {
    const diagnostics = new Diagnostics()
    const errors: string[] = []
    diagnostics.on('store:error', ({ error }) => errors.push(String(error)))
    const stores = await open(group.redis, diagnostics)
    await isUp(stores)
    const primary = await group.primary()
    for (const sentinel of group.sentinels.servers) await sentinel.pause()
    await primary.becomeReplicaOf('redis://127.0.0.1:1')
    expect((await set(stores, 'lost')).isErr()).toBe(true)
    await eventually(
      async () => expect(await complaint(stores)).toContain('role:slave'),
      noticedWithin,
    )
    expect(errors.join()).toContain('role:slave')
  })
})
