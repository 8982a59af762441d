import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startPostgresServer } from '@headwater/testing'
import pg from 'pg'
import { openCli, type CliFixture } from '../cli-fixture.ts'

let fixture: CliFixture
let client: pg.Client

beforeAll(async () => {
  fixture = await openCli({ isMigrated: false })
  const { HEADWATER_POSTGRES_URL: connectionString } = fixture.env
  client = new pg.Client({ connectionString, application_name: 'nightly report' })
  await client.connect()
})
afterAll(async () => {
  await client.end().catch(() => undefined)
  await fixture.dispose()
})

interface Listed {
  readonly transactions: readonly { readonly application: string; readonly pid: number }[]
}

async function listed(...argv: readonly string[]): Promise<Listed['transactions']> {
  const { json } = await fixture.json('transactions', 'list', ...argv)
  const { transactions } = json as unknown as Listed
  return transactions.filter(({ application }) => application === 'nightly report')
}

test('A forgotten transaction is listed once it is old, and its session ended on demand alone', async () => {
  await client.query('BEGIN')
  await client.query('SELECT pg_current_xact_id()')
  expect(await listed('--older-than', '600')).toEqual([])
  const old = ['--older-than', '0.001']
  const [found] = await listed(...old)
  expect(found).toMatchObject({ state: 'idle in transaction' })
  const end = ['transactions', 'end', String(found?.pid), ...old]
  expect(await fixture.json(...end)).toMatchObject({ code: 1, json: { isApplied: false } })
  await client.query('SELECT 1')
  // The notice of the server, and the end of the connection.
  const errors: unknown[] = []
  client.on('error', (error) => void errors.push(error))
  const ended = new Promise<void>((resolve) => client.once('end', resolve))
  expect(await fixture.json(...end, '--yes')).toMatchObject({ code: 0, json: { isApplied: true } })
  await ended
  expect(errors[0]).toMatchObject({ code: '57P01' })
  const again = await fixture.json(...end, '--yes')
  expect(again).toMatchObject({ code: 1, json: { error: { type: 'not-found' } } })
})

test.each([
  ['has read and is idle in its transaction', ['BEGIN', 'SELECT * FROM desks'], /, whose trans/],
  ['holds an advisory lock in no transaction', ['SELECT pg_advisory_lock(4711)'], /advisory locks/],
] as const)('A session that %s is ended on demand', async (_what, statements, why) => {
  const session = await connected('forgetful')
  session.on('error', () => undefined)
  const ended = new Promise<void>((resolve) => session.once('end', resolve))
  await session.query('CREATE TABLE IF NOT EXISTS desks (id int)')
  const { rows } = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const end = ['transactions', 'end', String(rows[0]?.pid)]
  const old = ['--older-than', '0.001']
  expect((await fixture.json(...end, ...old)).json).toMatchObject({ error: { type: 'not-found' } })
  for (const statement of statements) await session.query(statement)
  const young = await fixture.cli(...end, '--older-than', '600')
  expect(young.code).toBe(1)
  expect(young.err).toMatch(/ ago, less than 10 min: see --older-than/)
  const planned = await fixture.cli(...end, ...old)
  expect([planned.code, planned.out]).toMatchObject([1, expect.stringMatching(why)])
  await session.query('SELECT 1')
  expect(await fixture.json(...end, ...old, '--yes')).toMatchObject({ code: 0 })
  await ended
})

test('A role that may not see the sessions of others is told so, and not that there are none', async () => {
  const role = `blind_${Math.random().toString(36).slice(2)}`
  const { client: own } = fixture.stores.postgres
  const session = await connected('unseen')
  await own.query(`CREATE ROLE ${role}`)
  try {
    await session.query('BEGIN')
    const { rows } = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    const url = new URL(fixture.env['HEADWATER_POSTGRES_URL']!)
    url.searchParams.set('options', `-c role=${role}`)
    const env = { ...fixture.env, HEADWATER_POSTGRES_URL: url.href }
    const grant = `GRANT pg_read_all_stats TO ${role}`
    for (const command of ['list', 'running']) {
      const { out } = await fixture.cliIn({ env }, 'transactions', command)
      expect(out).toContain(`Only sessions that this role may see: ${grant}`)
      const { out: json } = await fixture.cliIn({ env }, 'transactions', command, '--json')
      expect(JSON.parse(json)).toMatchObject({ seesAll: false })
      expect((await fixture.json('transactions', command)).json).toMatchObject({ seesAll: true })
      expect((await fixture.cli('transactions', command)).out).not.toContain('GRANT')
    }
    const { err } = await fixture.cliIn({ env }, 'transactions', 'end', String(rows[0]?.pid))
    expect(err).toContain(grant)
  } finally {
    await session.end()
    await own.query(`DROP ROLE ${role}`)
  }
})

async function connected(name: string): Promise<pg.Client> {
  const { HEADWATER_POSTGRES_URL: connectionString } = fixture.env
  const session = new pg.Client({ connectionString, application_name: name })
  await session.connect()
  return session
}

interface Running {
  readonly application: string
  readonly pid: number
  readonly blockedBy: readonly number[]
  readonly waitsFor: string | null
  readonly statement: string
}

test('Who waits for a lock is listed with who holds it, and without what was looked for', async () => {
  const [holder, waiter] = [await connected('holder'), await connected('waiter')]
  await holder.query('CREATE TABLE seats (id int, owner text)')
  await holder.query(`INSERT INTO seats VALUES (1, 'nobody')`)
  await holder.query('BEGIN')
  await holder.query('UPDATE seats SET id = 1')
  const waiting = waiter.query(`UPDATE seats SET owner = 'ann''s' WHERE id = 1`)
  const running = async (...argv: readonly string[]) => {
    const given = ['--longer-than', '0.001', ...argv]
    const { json } = await fixture.json('transactions', 'running', ...given)
    const found = Map.groupBy(json['sessions'] as readonly Running[], (one) => one.application)
    return { waiter: found.get('waiter')?.[0], holder: found.get('holder')?.[0] }
  }
  try {
    await eventually(async () => {
      const found = await running()
      expect(found.waiter?.blockedBy).toEqual([found.holder?.pid])
      expect(found.waiter?.waitsFor).toMatch(/^Lock: /)
    })
    expect((await running()).waiter?.statement).toBe('update seats')
    expect((await running('--statements')).waiter?.statement).toContain('ann')
    const { out } = await fixture.cli('transactions', 'running', '--longer-than', '0.001')
    expect(out).toMatch(/^process +application .*blocked by +statement/)
  } finally {
    await holder.query('ROLLBACK')
    await waiting
    await holder.query('DROP TABLE seats')
    await holder.end()
    await waiter.end()
  }
})

test.each([
  `SELECT pg_sleep(20) /* ann's seat */`,
  `SELECT pg_sleep(20), $$seat of ann$$`,
  `SELECT pg_sleep(20), E'o\\'neill', 'seat of ann'`,
  `SELECT pg_sleep(20), 471100, 'ann'`,
  `/* from 'ann' */ SELECT pg_sleep(20)`,
  `/* /* nested */ ann 471100 */ SELECT pg_sleep(20)`,
])('Nothing that was looked for is shown of the statement %s', async (statement) => {
  const session = await connected('asker')
  session.on('error', () => undefined)
  const asked = session.query(statement).catch(() => undefined)
  try {
    await eventually(async () => {
      const given = ['running', '--longer-than', '0.001']
      const { json } = await fixture.json('transactions', ...given)
      const sessions = json['sessions'] as readonly Running[]
      const found = sessions.find(({ application }) => application === 'asker')
      expect(found?.statement).toMatch(/^(select|statement)$/)
      expect(JSON.stringify(found)).not.toMatch(/ann|4711|neill/)
      expect((await fixture.cli('transactions', ...given)).out).not.toMatch(/ann|4711|neill/)
    })
  } finally {
    await fixture.stores.postgres.client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'asker'`,
    )
    await asked
  }
})

test('A prepared transaction that nobody ends is undone on demand alone', async () => {
  const server = await startPostgresServer({ settings: { max_prepared_transactions: '10' } })
  const env = { ...fixture.env, HEADWATER_POSTGRES_URL: server.url }
  const run = async (...argv: readonly string[]) => {
    const { code, out } = await fixture.cliIn({ env }, 'transactions', ...argv, '--json')
    return { code, json: JSON.parse(out) as Record<string, unknown> }
  }
  const session = new pg.Client({ connectionString: server.url })
  try {
    await session.connect()
    await session.query('CREATE TABLE kept (id int)')
    await session.query('BEGIN')
    await session.query('INSERT INTO kept VALUES (1)')
    await session.query(`PREPARE TRANSACTION 'forgotten one'`)
    const { json } = await run('list', '--older-than', '0.001')
    expect(json['transactions']).toMatchObject([
      { pid: null, database: 'postgres', application: 'forgotten one' },
    ])
    await session.query('CREATE DATABASE elsewhere')
    const url = new URL(server.url)
    url.pathname = '/elsewhere'
    const away = { env: { ...env, HEADWATER_POSTGRES_URL: url.href } }
    const listing = await fixture.cliIn(away, 'transactions', 'list', '--older-than', '0.001')
    expect(listing.out).toContain(`in the database postgres: ROLLBACK PREPARED 'forgotten one'`)
    const refused = await fixture.cliIn(away, 'transactions', 'rollback', 'forgotten one', '--yes')
    expect(refused.err).toContain('is one of the database postgres')
    const waiting = session.query('DROP TABLE kept')
    await eventually(async () => {
      const { out } = await fixture.cliIn(
        { env },
        'transactions',
        'running',
        '--longer-than',
        '0.01',
      )
      expect(out).toMatch(/a prepared transaction +drop kept/)
    })
    const rollback = ['rollback', 'forgotten one']
    expect(await run(...rollback)).toMatchObject({ code: 1, json: { isApplied: false } })
    expect(await run(...rollback, '--yes')).toMatchObject({ code: 0, json: { isApplied: true } })
    await waiting
    const again = await run(...rollback, '--yes')
    expect(again).toMatchObject({ code: 1, json: { error: { type: 'not-found' } } })
  } finally {
    await session.end()
    await server.stop()
  }
})

test('A slot that nobody reads is dropped on demand alone', async () => {
  const slot = `idle_${Math.random().toString(36).slice(2)}`
  const { postgres } = fixture.stores
  await postgres.client.query(`SELECT pg_create_physical_replication_slot('${slot}', true)`)
  const find = async () => {
    const { json } = await fixture.json('slots', 'list')
    return (json['slots'] as readonly { slot: string }[]).find((one) => one.slot === slot)
  }
  try {
    expect(await find()).toMatchObject({ kind: 'physical', isActive: false })
    expect((await fixture.cli('slots', 'list')).out).toContain(slot)
    expect(await fixture.json('slots', 'drop', slot)).toMatchObject({
      code: 1,
      json: { slot, isApplied: false },
    })
    expect(await find()).toBeDefined()
    expect(await fixture.json('slots', 'drop', slot, '--yes')).toMatchObject({
      code: 0,
      json: { slot, isApplied: true },
    })
    expect(await find()).toBeUndefined()
    expect(await fixture.json('slots', 'drop', slot, '--yes')).toMatchObject({
      code: 1,
      json: { error: { type: 'not-found' } },
    })
  } finally {
    await postgres.client.query(
      `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1`,
      [slot],
    )
  }
})

test('Statistics of a table are renewed, and of one that does not exist is told', async () => {
  const { client: own } = fixture.stores.postgres
  await own.query('CREATE TABLE rooms AS SELECT generate_series(1, 500) AS id')
  const estimated = async () => {
    const { rows } = await own.query<{ reltuples: number }>(
      `SELECT reltuples FROM pg_class WHERE oid = 'rooms'::regclass`,
    )
    return rows[0]?.reltuples
  }
  expect(await estimated()).toBe(-1)
  expect(await fixture.json('statistics', 'rooms', 'nowhere')).toMatchObject({
    code: 1,
    json: { error: { type: 'not-found', message: expect.stringContaining('nowhere') as string } },
  })
  expect(await fixture.json('statistics', 'rooms')).toMatchObject({ code: 0 })
  expect(await estimated()).toBe(500)
})

test('The limit of the server for statements ends no renewal of statistics', async () => {
  const { HEADWATER_POSTGRES_URL: connectionString } = fixture.env
  const writer = new pg.Client({ connectionString })
  await writer.connect()
  try {
    await writer.query('CREATE TABLE lofts AS SELECT generate_series(1, 500) AS id')
    await writer.query('BEGIN; LOCK TABLE lofts IN SHARE UPDATE EXCLUSIVE MODE')
    const url = new URL(connectionString!)
    url.searchParams.set('options', '-c statement_timeout=1000')
    const env = {
      ...fixture.env,
      HEADWATER_POSTGRES_URL: url.href,
      HEADWATER_POSTGRES_SERVER_STATEMENT_TIMEOUT: 'false',
    }
    const renewed = fixture.cliIn({ env }, 'statistics', 'lofts')
    await writer.query('SELECT pg_sleep(4)')
    await writer.query('COMMIT')
    expect(await renewed).toMatchObject({ code: 0 })
  } finally {
    await writer.end()
  }
})

test('Statistics that a role may not renew are refused, with the role that may', async () => {
  const { client: own } = fixture.stores.postgres
  const role = `reader_${Math.random().toString(36).slice(2)}`
  await own.query('CREATE TABLE halls AS SELECT generate_series(1, 500) AS id')
  await own.query(`CREATE ROLE ${role}`)
  try {
    await own.query(`GRANT SELECT ON halls TO ${role}`)
    const url = new URL(fixture.env['HEADWATER_POSTGRES_URL']!)
    url.searchParams.set('options', `-c role=${role}`)
    const env = { ...fixture.env, HEADWATER_POSTGRES_URL: url.href }
    const refused = await fixture.cliIn({ env }, 'statistics', 'halls')
    expect(refused.code).toBe(1)
    expect(refused.err).toMatch(/may not analyze halls: run this as its owner, postgres/)
    await own.query(`ALTER TABLE halls OWNER TO ${role}`)
    expect(await fixture.cliIn({ env }, 'statistics', 'halls')).toMatchObject({ code: 0 })
  } finally {
    await own.query(`DROP OWNED BY ${role}`)
    await own.query(`DROP ROLE ${role}`)
  }
})
