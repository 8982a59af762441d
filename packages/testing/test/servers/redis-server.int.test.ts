import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@redis/client'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { eventually, startRedisServer, type RedisServer } from '../../src/index.ts'
import { staysPending } from '../stays-pending.ts'

let server: RedisServer

beforeAll(async () => {
  server = await startRedisServer()
})
beforeEach(() => server.restart())
afterAll(() => server.stop())

async function connected<T>(
  use: (client: ReturnType<typeof createClient>) => Promise<T>,
): Promise<T> {
  const client = createClient({ url: server.url, socket: { reconnectStrategy: false } })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await use(client as ReturnType<typeof createClient>)
  } finally {
    client.destroy()
  }
}

const set = (value: string) => connected((client) => client.set('key', value))
const get = () => connected((client) => client.get('key'))

test('A Redis server restarts empty on its port as a new process with a new run id', async () => {
  await set('old')
  const { pid, url } = server
  await server.restart()
  expect(server.url).toBe(url)
  expect(server.pid).not.toBe(pid)
  expect(await get()).toBeNull()
})

test('A Redis server keeps its data through a restart with keepData', async () => {
  await set('kept')
  await server.restart({ keepData: true })
  expect(await get()).toBe('kept')
})

test('A Redis server restarts with its last snapshot after a kill', async () => {
  await set('in the snapshot')
  await server.snapshot()
  await set('lost')
  await server.kill()
  await expect(get()).rejects.toThrow(/ECONNREFUSED/)
  await server.restart({ keepData: true })
  expect(await get()).toBe('in the snapshot')
})

test('A Redis server becomes a replica, whose data are replaced, and a primary again', async () => {
  const primary = await startRedisServer()
  try {
    await set('of the replica')
    await server.becomeReplicaOf(primary.url)
    await eventually(async () => expect(await server.isInSync()).toBe(true), { timeoutMs: 60_000 })
    expect(await get()).toBeNull()
    await expect(set('refused')).rejects.toThrow(/READONLY/)
    await server.becomePrimary()
    expect(await server.isInSync()).toBe(false)
    await set('accepted')
  } finally {
    await primary.stop()
  }
})

test('A Redis server answers nothing while paused, and the waiting requests once resumed', async () => {
  await set('value')
  await connected(async (client) => {
    await server.pause()
    const asked = client.get('key')
    expect(await staysPending(asked)).toBe(true)
    await server.resume()
    expect(await asked).toBe('value')
  })
})

test('A Redis server can be killed and restarted while paused', async () => {
  await server.pause()
  await server.kill()
  await server.restart()
  expect(await get()).toBeNull()
})

test("A Redis server leaves the caller's snapshot directory when stopped", async () => {
  const dir = await mkdtemp(join(tmpdir(), 'headwater-snapshot-'))
  const lasting = await startRedisServer({ dir })
  await lasting.snapshot()
  await lasting.stop()
  expect(await readdir(dir)).toContain('dump.rdb')
  await rm(dir, { recursive: true })
})
