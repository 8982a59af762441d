import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Pinecone } from '@pinecone-database/pinecone'
import { MongoClient } from 'mongodb'
import OpenAI from 'openai'
import pg from 'pg'
import { createClient } from '@redis/client'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { isolate, startTestStack, type IsolatedStores } from '../../src/index.ts'
import { hasContainerRuntime } from '../../src/stack/container.ts'

const hasRuntime = await hasContainerRuntime()

describe('every store of the stack answers its official client', () => {
  let own: IsolatedStores

  beforeAll(async () => {
    own = await isolate(inject('stack'))
  })
  afterAll(() => own.dispose())

  test('PostgreSQL of the stack answers its official client', async () => {
    const client = new pg.Client({ connectionString: own.postgres.url })
    await client.connect()
    const { rows } = await client.query('SELECT current_database() AS name')
    await client.end()
    expect(rows).toEqual([{ name: new URL(own.postgres.url).pathname.slice(1) }])
  })

  test('Redis of the stack answers its official client', async () => {
    const client = createClient({ url: own.redis.url })
    await client.connect()
    await client.set(`${own.redis.prefix}greeting`, 'hello')
    expect(await client.get(`${own.redis.prefix}greeting`)).toBe('hello')
    client.destroy()
  })

  test('MongoDB of the stack answers its official client', async () => {
    const client = new MongoClient(own.mongodb.url)
    const greetings = client.db(own.mongodb.database).collection('greetings')
    await greetings.insertOne({ text: 'hello' })
    expect(await greetings.findOne({ text: 'hello' }, { projection: { _id: 0 } })).toEqual({
      text: 'hello',
    })
    await client.close()
  })

  test('Pinecone of the stack answers its official client', async () => {
    const { url, apiKey, index: name, namespace } = own.pinecone
    const index = new Pinecone({ apiKey, controllerHostUrl: url }).index({ name, namespace })
    await index.upsert({
      records: [{ id: 'one', values: Array.from({ length: 1_536 }, () => 0.5) }],
    })
    const { records } = await index.fetch({ ids: ['one'] })
    expect(Object.keys(records)).toEqual(['one'])
  })

  test('OpenAI of the stack answers its official client', async () => {
    const client = new OpenAI({ apiKey: own.openai.apiKey, baseURL: own.openai.url })
    const { data } = await client.embeddings.create({
      model: 'text-embedding-3-small',
      input: 'hello',
    })
    expect(data[0]?.embedding).toHaveLength(1_536)
  })
})

describe('a stack', () => {
  afterEach(() => void vi.unstubAllEnvs())

  test('A stack uses the server that the environment names, and leaves it running when stopped', async () => {
    const { url } = inject('stack').redis
    vi.stubEnv('HEADWATER_REDIS_URL', url)
    const stack = await startTestStack({ stores: ['redis'] })
    expect(stack.redis).toMatchObject({ url, rung: 'environment' })
    await stack.stop()
    const client = createClient({ url })
    await client.connect()
    expect(await client.ping()).toBe('PONG')
    client.destroy()
  })

  test('A stack fails and names the store when the server in the environment does not answer', async () => {
    vi.stubEnv('HEADWATER_REDIS_URL', 'redis://127.0.0.1:1')
    await expect(startTestStack({ stores: ['redis'] })).rejects.toThrow(
      /redis \(environment\).*ECONNREFUSED/,
    )
  })

  test('A stack that failed to start leaves nothing behind, and its process ends by itself', async () => {
    const fixture = fileURLToPath(new URL('./failing-stack-fixture.ts', import.meta.url))
    const directory = await mkdtemp(join(tmpdir(), 'headwater-left-'))
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=headwater-source', fixture],
      { timeout: 250_000, env: { ...process.env, TMPDIR: directory } },
    )
    expect(stdout).toMatch(/redis \(environment\).*ECONNREFUSED/)
    expect(stdout.split('\n').slice(-3)).toEqual(['children: ', 'resources: ', ''])
    expect(await readdir(directory)).toEqual([])
    await rm(directory, { recursive: true })
  })

  test('A store whose package is not installed names the command that installs it', async () => {
    const fixture = fileURLToPath(new URL('./missing-peer-fixture.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=headwater-source', fixture],
      { timeout: 250_000 },
    )
    expect(stdout).toMatch(/^mongodb \(.*needs the package mongodb, .*: npm install mongodb$/m)
  })

  test('A stack describes each store by rung and version, and its addresses are plain data', async () => {
    const lines: string[] = []
    const stack = await startTestStack({
      stores: ['openai', 'pinecone'],
      onProgress: (line) => lines.push(line),
    })
    expect(stack.describe()).toEqual([
      'openai    stand-in     API v1',
      'pinecone  stand-in     API 2026-07',
    ])
    expect(structuredClone(stack.addresses())).toEqual({
      openai: stack.openai,
      pinecone: stack.pinecone,
    })
    expect(lines).toEqual([])
    await stack.stop()
    await stack.stop()
  })

  test.skipIf(hasRuntime)(
    'A stack fails where containers are required and no runtime answers',
    async () => {
      vi.stubEnv('CI_REQUIRE_CONTAINERS', '1')
      await expect(startTestStack({ stores: ['openai'] })).rejects.toThrow(/CI_REQUIRE_CONTAINERS/)
    },
  )

  test.runIf(hasRuntime)(
    'A stack starts containers where a runtime answers',
    async () => {
      const stack = await startTestStack({
        stores: ['postgres', 'redis', 'mongodb'],
        requireContainers: true,
      })
      expect([stack.postgres.rung, stack.redis.rung, stack.mongodb.rung]).toEqual([
        'container',
        'container',
        'container',
      ])
      await stack.stop()
    },
    600_000,
  )
})
