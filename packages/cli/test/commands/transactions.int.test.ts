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
    expect((await running()).waiter?.statement).toBe(`UPDATE seats SET owner = '…' WHERE id = 1`)
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
    await session.query('BEGIN')
    await session.query('CREATE TABLE left_behind (id int)')
    await session.query(`PREPARE TRANSACTION 'forgotten one'`)
    const { json } = await run('list', '--older-than', '0.001')
    expect(json['transactions']).toMatchObject([{ pid: null, application: 'forgotten one' }])
    const rollback = ['rollback', 'forgotten one']
    expect(await run(...rollback)).toMatchObject({ code: 1, json: { isApplied: false } })
    expect(await run(...rollback, '--yes')).toMatchObject({ code: 0, json: { isApplied: true } })
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
