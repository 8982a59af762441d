import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { eventually, isolate, type IsolatedStores } from '@headwater/testing'
import {
  connect,
  type DiagnosticEvents,
  migrate,
  type MigrationSet,
  orThrow,
  planMigrations,
  type Stores,
} from '@headwater/core'

let own: IsolatedStores<'postgres' | 'redis'>
let schemas = 0
let stores: Stores
const ends: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  own = await isolate(inject('stack'))
})
afterAll(() => own.dispose())

beforeEach(async () => {
  schemas += 1
  stores = await open()
  orThrow(await migrate(stores, { sets: [shop()] }))
  await query('INSERT INTO @schema.goods (id) SELECT n FROM generate_series(1, 25) AS n')
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const goods = 'CREATE TABLE @schema.goods (id integer PRIMARY KEY, title text)'
const index = 'CREATE INDEX CONCURRENTLY goods_title_idx ON @schema.goods (title)'
const fill = `
  -- In batches of 10 by @schema.goods (id)
  UPDATE @schema.goods SET title = 'good ' || id
  WHERE id BETWEEN $1 AND $2 AND title IS NULL`

function shop(files: Readonly<Record<string, string>> = {}): MigrationSet {
  return { name: 'shop', files: { '0001_goods.sql': goods, ...files } }
}

/** Fills a column and builds its index, while the table is written. */
const online = shop({ '0002_titles.online.sql': `${fill};\n${index};\n` })

describe('A file that is applied online', () => {
  test('keeps its table writable, even while it waits for transactions to end', async () => {
    const reader = await openReader()
    const migrating = migrate(stores, { sets: [online] })
    await building()
    await query(`INSERT INTO @schema.goods VALUES (26, 'written meanwhile')`)
    await reader.query('COMMIT')
    expect(orThrow(await migrating).applied).toEqual(['shop/0002_titles.online.sql'])
    expect(await indexes()).toEqual([true])
    expect(await query('SELECT FROM @schema.goods WHERE title IS NULL')).toEqual([])
  })

  test('Control: in an ordinary file an index keeps writers out', async () => {
    const reader = await openReader()
    await reader.query(`UPDATE ${goodsIn(stores)} SET title = 'open' WHERE id = 1`)
    const text = index.replace('CONCURRENTLY ', '')
    const migrating = migrate(stores, { sets: [shop({ '0002_titles.sql': text })] })
    await building()
    const writer = await openClient()
    await writer.query('SET lock_timeout = 300')
    await expect(writer.query(`INSERT INTO ${goodsIn(stores)} VALUES (26)`)).rejects.toMatchObject({
      code: '55P03',
    })
    await reader.query('COMMIT')
    orThrow(await migrating)
  })

  test('is finished by the next run when the first one is killed in the middle', async () => {
    const reader = await openReader()
    const killed = migrate(stores, { sets: [online] })
    await query('SELECT pg_terminate_backend($1::integer)', [await building()])
    expect((await killed).isErr()).toBe(true)
    await reader.query('COMMIT')
    expect(await indexes()).toEqual([false])
    expect(orThrow(await migrate(stores, { sets: [online] })).applied).toHaveLength(1)
    expect(await indexes()).toEqual([true])
    expect(orThrow(await migrate(stores, { sets: [online] })).applied).toEqual([])
  })

  test('takes over the index of a client that is gone and whose server goes on', async () => {
    const reader = await openReader()
    const gone = await openClient()
    const built = gone.query(index.replace('@schema.goods', goodsIn(stores)))
    built.catch(() => undefined)
    await building()
    const [before] = await query('SELECT max(oid) AS oid FROM pg_class')
    const migrating = migrate(stores, { sets: [online] })
    await eventually(async () => {
      expect(await query(selectWaiting)).toHaveLength(2)
    })
    await reader.query('COMMIT')
    await built
    expect(orThrow(await migrating).applied).toHaveLength(1)
    expect(await indexes()).toEqual([true])
    expect(await query('SELECT max(oid) AS oid FROM pg_class')).toEqual([before])
  })

  test('is applied by one of several processes, and the others wait for its end', async () => {
    const others = await Promise.all([open(), open(), open()])
    const reader = await openReader()
    const first = migrate(stores, { sets: [online] })
    await building()
    const rest = others.map((other) => migrate(other, { sets: [online] }))
    await eventually(async () => {
      expect(await query(selectHolders)).toHaveLength(4)
    })
    await reader.query('COMMIT')
    const applied = await Promise.all([first, ...rest])
    expect(applied.map((report) => orThrow(report).applied.length)).toEqual([1, 0, 0, 0])
  })

  test('fails another process after waitMs as any migration does', async () => {
    const reader = await openReader()
    const first = migrate(stores, { sets: [online] })
    await building()
    const late = await migrate(await open(), { sets: [online], waitMs: 50 })
    expect(late._unsafeUnwrapErr()).toMatchObject({ type: 'deadline-exceeded' })
    // Who knows nothing of the file has nothing to wait for.
    expect(orThrow(await migrate(await open(), { sets: [shop()] })).applied).toEqual([])
    await reader.query('COMMIT')
    orThrow(await first)
  })

  test('is applied between the transactions of the files before and behind it', async () => {
    const files = {
      '0002_titles.online.sql': `${fill};\n${index};`,
      '0003_more.sql': 'CREATE TABLE @schema.more (id integer)',
      '0004_bad.sql': 'SELECT 1 FROM @schema.nothing',
    }
    const failed = await migrate(stores, { sets: [shop(files)] })
    expect(failed._unsafeUnwrapErr()).toMatchObject({ file: '0004_bad.sql' })
    expect(await indexes()).toEqual([true])
    expect((await stores.postgres.query('SELECT FROM @schema.more')).isErr()).toBe(true)
    const repaired = shop({ ...files, '0004_bad.sql': 'SELECT 1' })
    expect(orThrow(await migrate(stores, { sets: [repaired] })).applied).toEqual([
      'shop/0003_more.sql',
      'shop/0004_bad.sql',
    ])
  })

  test('belongs to the transaction where its tables have no rows', async () => {
    const empty = await open('empty')
    const bad = shop({ ...online.files, '0003_bad.sql': 'SELECT 1 FROM @schema.nothing' })
    expect((await migrate(empty, { sets: [bad] })).isErr()).toBe(true)
    expect((await empty.postgres.query('SELECT FROM @schema.goods')).isErr()).toBe(true)
    expect(orThrow(await migrate(empty, { sets: [online] })).applied.slice(-2)).toEqual([
      'shop/0001_goods.sql',
      'shop/0002_titles.online.sql',
    ])
    expect(await indexes(empty)).toEqual([true])
  })

  test('changes every row once, in batches that each are committed', async () => {
    const counting = `
      CREATE TABLE @schema.batches (xid xid8);
      CREATE FUNCTION @schema.note() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO @schema.batches VALUES (pg_current_xact_id()); RETURN NULL; END $$;
      CREATE TRIGGER note AFTER UPDATE ON @schema.goods
      FOR EACH ROW EXECUTE FUNCTION @schema.note()`
    await query('INSERT INTO @schema.goods (id) VALUES (-2000000000), (2000000000)')
    const files = { '0002_note.sql': counting, '0003_titles.online.sql': `${fill};\n` }
    orThrow(await migrate(stores, { sets: [shop(files)] }))
    expect(
      await query('SELECT count(*)::integer AS rows FROM @schema.batches GROUP BY xid ORDER BY 1'),
    ).toEqual([{ rows: 7 }, { rows: 10 }, { rows: 10 }])
  })

  test('drops an index while its table is written', async () => {
    orThrow(await migrate(stores, { sets: [online] }))
    const drop = 'DROP INDEX CONCURRENTLY IF EXISTS @schema.goods_title_idx;\n'
    const files = { ...online.files, '0003_drop.online.sql': drop + `${fill};` }
    orThrow(await migrate(stores, { sets: [shop(files)] }))
    expect(await indexes()).toEqual([])
  })

  test('leaves no setting of its own in the pool', async () => {
    const before = await query('SHOW statement_timeout')
    orThrow(await migrate(stores, { sets: [online], url: own.postgres.url }))
    orThrow(await migrate(stores, { sets: [shop({ ...online.files, '0003.online.sql': fill })] }))
    for (let turn = 0; turn < 3; turn += 1)
      expect(await query('SHOW statement_timeout')).toEqual(before)
  })

  test('is refused, with its name, when it has any other statement', async () => {
    for (const text of ['VACUUM @schema.goods', 'CREATE INDEX a ON @schema.goods (id)', goods]) {
      const failed = await migrate(stores, { sets: [shop({ '0002_x.online.sql': text })] })
      expect(failed._unsafeUnwrapErr()).toMatchObject({ reason: 'statement', set: 'shop' })
      expect(failed._unsafeUnwrapErr().message).toContain(`0002_x.online.sql: a file`)
    }
  })
})

test('A plan says what is pending and which steps go through many rows', async () => {
  await query('ANALYZE @schema.goods')
  const files = { ...online.files, '0003_more.sql': 'SELECT 1' }
  const wanted = [
    {
      file: 'shop/0002_titles.online.sql',
      online: [
        { step: 'batches', name: 'goods', rows: 25 },
        { step: 'build-index', name: 'goods_title_idx', rows: 25 },
      ],
    },
    { file: 'shop/0003_more.sql', online: [] },
  ]
  expect(orThrow(await planMigrations(stores, { sets: [shop(files)] }))).toEqual(wanted)
  expect(await indexes()).toEqual([])
  const steps: DiagnosticEvents['migration:step'][] = []
  stores.diagnostics.on('migration:step', (step) => steps.push(step))
  orThrow(await migrate(stores, { sets: [shop(files)] }))
  expect(steps.map(({ step, state, rows }) => [step, state, rows])).toEqual([
    ['batches', 'begun', 25],
    ['batches', 'done', 25],
    ['build-index', 'begun', 25],
    ['build-index', 'done', 25],
  ])
  expect(orThrow(await planMigrations(stores, { sets: [shop(files)] }))).toEqual([])
  const nowhere = await open('nowhere')
  const planned = orThrow(await planMigrations(nowhere, { sets: [shop()] }))
  expect(planned.at(-1)).toEqual({ file: 'shop/0001_goods.sql', online: [] })
})

/** Statements that build or wait to build an index. */
const selectWaiting = `
  SELECT pid
  FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'
    AND query ~ '^(CREATE INDEX|BEGIN; LOCK TABLE)'`

/** Transactions of processes that hold the lock of online files, or look for it. */
const selectHolders = `
  SELECT pid
  FROM pg_stat_activity
  WHERE datname = current_database() AND state = 'idle in transaction'
    AND query ~ 'pg_try_advisory_xact_lock'`

/** Waits until an index is being built; returns the process that does it. */
async function building(): Promise<number> {
  return eventually(async () => {
    const [row] = await query<{ pid: number }>(selectWaiting)
    if (row === undefined) throw new Error('no index is being built')
    return row.pid
  })
}

/** Whether the indexes of titles are whole. */
async function indexes(of = stores): Promise<boolean[]> {
  const rows = orThrow(
    await of.postgres.query<{ valid: boolean }>(`
      SELECT indisvalid AS valid FROM pg_index
      WHERE indrelid = '@schema.goods'::regclass AND NOT indisprimary`),
  )
  return rows.rows.map(({ valid }) => valid)
}

async function query<Row extends object>(text: string, values?: readonly unknown[]) {
  return orThrow(await stores.postgres.query<Row>(text, values)).rows
}

const goodsIn = ({ postgres: { schema } }: Stores): string => `"${schema}".goods`

async function openClient(): Promise<Client> {
  const client = new Client({ connectionString: own.postgres.url })
  await client.connect()
  ends.push(() => client.end())
  return client
}

/** A transaction that whoever builds an index waits for. */
async function openReader(): Promise<Client> {
  const client = await openClient()
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1')
  return client
}

async function open(suffix = ''): Promise<Stores> {
  const opened = orThrow(
    await connect({
      postgres: {
        url: own.postgres.url,
        schema: `shop ${schemas}${suffix}`,
        connectTimeoutMs: 20_000,
      },
      redis: { url: own.redis.url, keyPrefix: own.redis.prefix },
    }),
  )
  ends.push(async () => opened.close())
  return opened
}
