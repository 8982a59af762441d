import { randomBytes } from 'node:crypto'
import {
  connect,
  createRelay,
  defineCache,
  defineSink,
  orThrow,
  publishMany,
  systemClock,
} from '@headwater/core'
import { eventually, faultProxy, startRedisServer } from '@headwater/testing'
import { createClient } from '@redis/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { doctor } from '../../src/commands/doctor.ts'
import { Secrets } from '../../src/terminal/secrets.ts'
import type { Terminal } from '../../src/terminal/terminal.ts'
import type { Check, Examination } from '../../src/doctor/check.ts'
import { type OldTransaction, selectOldTransactions } from '../../src/doctor/session-queries.ts'
import { openCli, runCli, type CliFixture } from '../cli-fixture.ts'

let fixture: CliFixture

beforeAll(async () => {
  fixture = await openCli()
})
afterAll(() => fixture.dispose())

/** A deadline that a busy machine keeps, unless something hangs. */
const patiently = ['doctor', '--deadline', '60'] as const

interface Diagnosis {
  readonly code: number
  readonly out: string
  /** The checks of a store by name, as `status: message`. */
  readonly of: (subject: Examination['subject']) => Record<string, readonly string[]>
  readonly examination: (subject: Examination['subject']) => Examination | undefined
}

async function diagnose(
  env: Record<string, string> = {},
  argv: readonly string[] = patiently,
): Promise<Diagnosis> {
  const { code, out } = await fixture.cliIn({ env: { ...fixture.env, ...env } }, ...argv, '--json')
  const { examinations } = JSON.parse(out) as { examinations: readonly Examination[] }
  const examination = (subject: Examination['subject']) =>
    examinations.find((one) => one.subject === subject)
  const of = (subject: Examination['subject']) => {
    const checks: readonly Check[] = examination(subject)?.checks ?? []
    return Object.fromEntries(
      [...Map.groupBy(checks, ({ name }) => name)].map(([name, all]) => [
        name,
        all.map(({ status, message }) => `${status}: ${message}`),
      ]),
    )
  }
  return { code, out, of, examination }
}

test('Stores in order are up, with their versions, and nothing is wrong with them', async () => {
  const { of, examination } = await diagnose()
  for (const subject of ['process', 'postgres', 'redis', 'mongodb', 'pinecone'] as const)
    expect(examination(subject)).toMatchObject({ status: 'up' })
  expect(examination('postgres')?.version).toMatch(/^\d+/)
  expect(examination('redis')?.version).toMatch(/^\d+/)
  expect(of('postgres')).toMatchObject({
    version: ['ok: supported'],
    clock: ['ok: the same as here'],
    'date-style': ['ok: ISO, MDY'],
    create: ['ok: the role may migrate'],
    rights: ['ok: the role may read and write the tables'],
    migrations: ['ok: none is pending'],
    relay: ['ok: nothing was published yet'],
  })
  expect(of('redis')).toMatchObject({
    info: ['ok: the server says which it is'],
    eviction: ['ok: noeviction'],
    'near-members': ['ok: no process keeps values near'],
  })
  expect(of('pinecone')['index']?.[0]).toContain('1536 dimensions')
  expect(of('process')['peers']).toContainEqual(expect.stringMatching(/^ok: pg 8\./))
})

test('Stores that hang and a store that is down are said to, beside what the others tell', async () => {
  const proxies = [
    await faultProxy(fixture.env['HEADWATER_POSTGRES_URL']!),
    await faultProxy(fixture.env['HEADWATER_REDIS_URL']!),
  ] as const
  for (const proxy of proxies) proxy.hang()
  const env = {
    HEADWATER_POSTGRES_URL: proxies[0].url,
    HEADWATER_REDIS_URL: proxies[1].url,
    HEADWATER_MONGODB_URL: 'mongodb://127.0.0.1:1',
  }
  try {
    // On a busy machine the store that is up may be late once.
    await eventually(
      async () => {
        const { code, examination } = await diagnose(env, ['doctor', '--deadline', '5'])
        expect(code).toBe(1)
        for (const subject of ['postgres', 'redis', 'mongodb'] as const)
          expect(examination(subject)).toMatchObject({ status: 'down' })
        expect(examination('postgres')?.error).toMatch(
          /^(no answer within|.*did not answer|.*the server is silent)/,
        )
        expect(examination('redis')?.error).toMatch(/no answer/)
        expect(examination('pinecone')).toMatchObject({ status: 'up' })
      },
      { timeoutMs: 120_000 },
    )
  } finally {
    for (const proxy of proxies) await proxy.close()
  }
})

test('A schema without tables is found', async () => {
  const { code, of } = await diagnose({ HEADWATER_POSTGRES_SCHEMA: 'nowhere' })
  expect(code).toBe(1)
  expect(of('postgres')['migrations']?.[0]).toMatch(/^failed: pending: core\/0001_outbox\.sql/)
  expect(of('postgres')).not.toHaveProperty('relay')
})

test('Stores that the configuration has connected are examined, with a DateStyle of their own', async () => {
  const stores = orThrow(
    await connect({
      postgres: { url: fixture.env['HEADWATER_POSTGRES_URL']! },
      redis: { url: fixture.env['HEADWATER_REDIS_URL']! },
    }),
  )
  stores.postgres.pool.on('connect', (client) => void client.query('SET datestyle TO German'))
  for (const client of await Promise.all([stores.postgres.pool.connect()])) client.release(true)
  const outcome = await doctor({
    args: [],
    options: { deadline: 60_000 },
    terminal: { clock: systemClock, env: {} } as unknown as Terminal,
    secrets: new Secrets(),
    isJson: true,
    config: async () => ({ stores }),
    open: () => Promise.reject(new Error('the doctor opens no stores')),
    print: () => undefined,
  })
  const { examinations } = outcome?.data as { examinations: readonly Examination[] }
  const checks = examinations.find(({ subject }) => subject === 'postgres')?.checks
  expect(checks?.find(({ name }) => name === 'date-style')).toMatchObject({
    status: 'failed',
    message: expect.stringContaining('DateStyle is German') as string,
  })
  expect(stores.isClosing).toBe(true)
})

test('A role that may not use the tables is found before the application stumbles over it', async () => {
  const { client } = fixture.stores.postgres
  const role = `limited_${randomBytes(4).toString('hex')}`
  await client.query(`CREATE ROLE ${role}`)
  await client.query('REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC')
  try {
    await client.query(`GRANT SELECT ON outbox TO ${role}`)
    await client.query('CREATE TABLE of_another_application (id int)')
    await client.query('REVOKE SELECT ON pg_replication_slots FROM PUBLIC')
    const url = new URL(fixture.env['HEADWATER_POSTGRES_URL']!)
    url.searchParams.set('options', `-c role=${role}`)
    const { of } = await diagnose({ HEADWATER_POSTGRES_URL: url.href })
    expect(of('postgres')['create']).toEqual(['ok: the role may not migrate: another one has to'])
    expect(of('postgres')['rights']?.[0]).toMatch(
      /^failed: the role may not read and write .*outbox/,
    )
    expect(of('postgres')['rights']?.[0]).not.toContain('of_another_application')
    expect(of('postgres')['identity']?.[0]).toMatch(/^warning: /)
    expect(of('postgres')['connections']?.[0]).toMatch(/: [1-9]\d* of \d+ connections in use/)
    expect(of('postgres')['migrations']).toEqual([
      expect.stringMatching(/^warning: could not be checked: .*lacks a permission/),
    ])
    expect(of('postgres')['transactions']?.[0]).toMatch(/^unknown: none is old of those that/)
    expect(of('postgres')['replication-slots']?.[0]).toMatch(/^warning: could not be checked: /)
  } finally {
    await client.query('GRANT SELECT ON pg_replication_slots TO PUBLIC')
    await client.query('DROP TABLE IF EXISTS of_another_application')
    await client.query('GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC')
    await client.query(`DROP OWNED BY ${role}`)
    await client.query(`DROP ROLE ${role}`)
  }
})

test('An idle replication slot and whoever holds an old snapshot are named with their cures', async () => {
  const { postgres } = fixture.stores
  const slot = `idle_${randomBytes(4).toString('hex')}`
  const unread = `un${slot}`
  await postgres.client.query(`SELECT pg_create_physical_replication_slot('${slot}', true)`)
  await postgres.client.query(`SELECT pg_create_physical_replication_slot('${unread}')`)
  try {
    const { of } = await diagnose()
    const slots = of('postgres')['replication-slots'] ?? []
    expect(slots.find((line) => line.includes(` ${slot},`))).toMatch(/^warning: nobody reads/)
    expect(slots.join()).not.toContain(unread)
  } finally {
    for (const name of [slot, unread])
      await postgres.client.query(`SELECT pg_drop_replication_slot('${name}')`)
  }
  await postgres.withConnection(async (connection) => {
    await connection.query('BEGIN')
    await connection.query(
      `SELECT pg_current_xact_id(), set_config('application_name', 'forgotten', true)`,
    )
    const { rows } = await postgres.client.query<OldTransaction>(selectOldTransactions, [0, null])
    await connection.query('ROLLBACK')
    const found = rows.find(({ application }) => application === 'forgotten')
    expect(found).toMatchObject({
      state: 'idle in transaction',
      cure: `headwater transactions end ${found?.pid}`,
    })
  })
})

test('Events that nobody takes away are found, and sinks that gave some up', async () => {
  const { stores } = fixture
  const event = { aggregateType: 'order', aggregateId: 1, type: 'order.placed', version: 1 }
  await publishMany(stores.postgres.client, [{ ...event, payload: {} }])
  expect((await diagnose()).of('postgres')['relay']).toEqual([
    'failed: events were published, and no relay has ever run',
  ])
  const sink = defineSink({
    name: 'broken',
    types: ['order.*'],
    mode: 'log',
    handle: async () => {
      throw new TypeError('never')
    },
  })
  const fine = defineSink({
    name: 'fine',
    types: ['invoice.*'],
    mode: 'log',
    handle: async () => undefined,
  })
  const times = { tickMs: 5, maxPollMs: 20, maxBackOffMs: 50 }
  const relay = createRelay(stores, { sinks: [sink, fine], ...times })
  relay.start()
  await eventually(
    async () => {
      const { of } = await diagnose()
      expect(of('postgres')['relay']?.[0]).toMatch(/^ok: broken is served/)
      expect(of('postgres')['dead-letters']?.[0]).toMatch(/^warning: broken gave up 1 event/)
    },
    { timeoutMs: 120_000 },
  )
  orThrow(await relay.stop({ deadlineMs: 60_000 }))
  const stopped = (await diagnose()).of('postgres')
  expect(stopped['relay']).toEqual([
    expect.stringMatching(/^failed: no relay runs: none serves broken, fine, at most \d+ event/),
  ])
  expect(stopped['dead-letters']).toHaveLength(1)
  const other = createRelay(stores, { sinks: [fine], ...times })
  other.start()
  await eventually(
    async () => {
      expect((await diagnose()).of('postgres')['relay']).toEqual([
        expect.stringMatching(/^failed: no relay serves the sink broken/),
        expect.stringMatching(/^ok: fine is served/),
      ])
    },
    { timeoutMs: 120_000 },
  )
  orThrow(await other.stop({ deadlineMs: 60_000 }))
})

test('A Redis that evicts, and one that may not be asked, are found', async () => {
  const redis = await startRedisServer({ args: ['--maxmemory-policy', 'volatile-ttl'] })
  try {
    const evicting = await diagnose({ HEADWATER_REDIS_URL: redis.url })
    expect(evicting.of('redis')['eviction']?.[0]).toMatch(/^failed: volatile-ttl may evict/)
    const env = { ...fixture.env, HEADWATER_REDIS_URL: redis.url }
    const stats = await fixture.cliIn({ env }, 'cache', 'stats', '--json')
    expect([stats.code, JSON.parse(stats.out)]).toMatchObject([
      0,
      { servers: [{ role: 'master', policy: 'volatile-ttl', evictedKeys: 0, maxBytes: null }] },
    ])
    expect((await fixture.cliIn({ env }, 'cache', 'stats')).out).toMatch(/^role +master, 0 repl/m)
    const client = await createClient({ url: redis.url }).connect()
    await client.sendCommand(['ACL', 'SETUSER', 'default', '-info'])
    client.destroy()
    const silent = await diagnose({ HEADWATER_REDIS_URL: redis.url })
    expect(silent.of('redis')['info']?.[0]).toMatch(/^failed: the user may not ask INFO/)
    expect(await fixture.cliIn({ env }, 'cache', 'stats')).toMatchObject({ code: 1 })
  } finally {
    await redis.stop()
  }
})

test('The processes that keep values near are counted', async () => {
  const { env } = fixture
  const stores = orThrow(
    await connect({
      postgres: { url: env['HEADWATER_POSTGRES_URL']! },
      redis: { url: env['HEADWATER_REDIS_URL']!, keyPrefix: env['HEADWATER_REDIS_PREFIX']! },
      near: { maxBytes: 1_000_000 },
    }),
  )
  const load = async () => new Map<number, string>()
  const words = defineCache<number, string>(stores, { name: 'word', ttlMs: 60_000, load })
  await eventually(
    async () => {
      orThrow(await words.get(5))
      const { of } = await diagnose()
      expect(of('redis')['near-members']).toEqual(['ok: values near in 1 process of word'])
    },
    { timeoutMs: 120_000 },
  )
  await stores[Symbol.asyncDispose]()
})

test('The password of a store is in no output, whatever fails', async () => {
  const secret = 'correct-horse-battery'
  const env = {
    HEADWATER_POSTGRES_URL: `postgresql://app:${secret}@127.0.0.1:1/shop`,
    HEADWATER_REDIS_URL: `redis://:${secret}@127.0.0.1:1`,
    HEADWATER_MONGODB_URL: `mongodb://app:${secret}@127.0.0.1:1/shop`,
  }
  for (const argv of [['doctor'], ['doctor', '--json'], ['outbox', 'status', '--json']]) {
    const { code, out, err } = await runCli(argv, { env })
    expect(code).toBe(1)
    expect(out + err).toContain('ECONNREFUSED')
    expect(out + err).not.toContain(secret)
    expect(out + err).toContain('/docs/runbooks/doctor.md#postgresql-is-down')
  }
})

test('Without any store configured the command says which variables are missing', async () => {
  const { code, err } = await runCli(['doctor'])
  expect(code).toBe(2)
  expect(err).toContain('HEADWATER_POSTGRES_URL')
})

test('A replica that is none, or is down, is told apart from one that answers', async () => {
  const { HEADWATER_POSTGRES_URL: primary } = fixture.env
  const nobody = 'postgres://postgres@127.0.0.1:1/postgres'
  const { of } = await diagnose({ HEADWATER_POSTGRES_REPLICAS: `${primary},${nobody}` })
  expect(of('postgres')['replicas']).toEqual([
    'warning: replica 1 of 2 is no standby, and may have rows of its own',
    'warning: replica 2 of 2 does not answer',
  ])
})
