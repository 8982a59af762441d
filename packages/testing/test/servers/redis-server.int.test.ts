import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startRedisServer, type RedisServer } from '../../src/index.ts'
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

test('comes back empty on its port, as a process and a run of its own', async () => {
  await set('old')
  const { pid, url } = server
  await server.restart()
  expect(server.url).toBe(url)
  expect(server.pid).not.toBe(pid)
  expect(await get()).toBeNull()
})

test('keeps what it holds through a restart that asks for it', async () => {
  await set('kept')
  await server.restart({ keepData: true })
  expect(await get()).toBe('kept')
})

test('comes back with its last snapshot when it was killed since', async () => {
  await set('in the snapshot')
  await server.snapshot()
  await set('lost')
  await server.kill()
  await expect(get()).rejects.toThrow(/ECONNREFUSED/)
  await server.restart({ keepData: true })
  expect(await get()).toBe('in the snapshot')
})

test('answers nothing while paused, and what was asked once resumed', async () => {
  await set('value')
  await connected(async (client) => {
    await server.pause()
    const asked = client.get('key')
    expect(await staysPending(asked)).toBe(true)
    await server.resume()
    expect(await asked).toBe('value')
  })
})

test('can be killed and restarted while paused', async () => {
  await server.pause()
  await server.kill()
  await server.restart()
  expect(await get()).toBeNull()
})

test('leaves a snapshot directory that was given, when stopped', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'headwater-snapshot-'))
  const lasting = await startRedisServer({ dir })
  await lasting.snapshot()
  await lasting.stop()
  expect(await readdir(dir)).toContain('dump.rdb')
  await rm(dir, { recursive: true })
})
