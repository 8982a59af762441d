import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { isolate, type IsolatedStores } from '@headwater/testing'
import {
  connect,
  type ConnectOptions,
  InvalidOptions,
  migrate,
  type MigrationSet,
  ok,
  orThrow,
  type Stores,
  transaction,
} from '@headwater/core'

let own: IsolatedStores<'postgres' | 'redis'>
let directory: string
let set: MigrationSet & { readonly directory: URL }
let schemas = 0
const opened: Stores[] = []

beforeAll(async () => {
  own = await isolate(inject('stack'))
})
afterAll(() => own.dispose())

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'migrations-'))
  set = { name: 'shop', directory: pathToFileURL(directory) }
  schemas += 1
  await write(
    '0001_goods.sql',
    'CREATE TABLE @schema.goods (id int PRIMARY KEY);\nINSERT INTO @schema.goods VALUES (1);\n',
  )
})

afterEach(async () => {
  await Promise.all(opened.splice(0).map((stores) => stores.close()))
  await rm(directory, { recursive: true })
})

describe('migrate', () => {
  test('migrate creates the schema and applies the files of every set in name order', async () => {
    await write(
      '0002_more.sql',
      "ALTER TABLE @schema.goods ADD COLUMN title text; UPDATE @schema.goods SET title = 'a'",
    )
    const stores = await open()
    const { applied } = orThrow(await migrate(stores, { sets: [set] }))
    expect(applied.filter((name) => name.startsWith('shop/'))).toEqual([
      'shop/0001_goods.sql',
      'shop/0002_more.sql',
    ])
    expect(applied[0]).toMatch(/^core\//)
    expect(
      orThrow(await stores.postgres.query('SELECT id, title FROM @schema.goods')).rows,
    ).toEqual([{ id: 1, title: 'a' }])
  })

  test('migrate applies the files once when four callers run it at the same time', async () => {
    const many = await Promise.all(Array.from({ length: 4 }, () => open()))
    const reports = await Promise.all(
      many.map(async (stores) => orThrow(await migrate(stores, { sets: [set] })).applied.length),
    )
    expect(reports.filter((count) => count > 0)).toHaveLength(1)
    expect(reports.filter((count) => count === 0)).toHaveLength(3)
  })

  test('migrate refuses a file that changed after it was applied, and names it', async () => {
    const stores = await open()
    orThrow(await migrate(stores, { sets: [set] }))
    await write('0001_goods.sql', 'CREATE TABLE @schema.goods (id bigint PRIMARY KEY)')
    expect((await migrate(stores, { sets: [set] }))._unsafeUnwrapErr()).toMatchObject({
      type: 'migration-failed',
      reason: 'changed',
      set: 'shop',
      file: '0001_goods.sql',
    })
  })

  test('migrate treats a file as unchanged when only its line endings differ', async () => {
    const stores = await open()
    orThrow(await migrate(stores, { sets: [set] }))
    await write(
      '0001_goods.sql',
      'CREATE TABLE @schema.goods (id int PRIMARY KEY);\r\nINSERT INTO @schema.goods VALUES (1);\r\n',
    )
    expect(orThrow(await migrate(stores, { sets: [set] })).applied).toEqual([])
  })

  test('migrate refuses a new file that sorts before the last one applied', async () => {
    const stores = await open()
    orThrow(await migrate(stores, { sets: [set] }))
    await write('0000_late.sql', 'SELECT 1')
    expect((await migrate(stores, { sets: [set] }))._unsafeUnwrapErr()).toMatchObject({
      reason: 'out-of-order',
      file: '0000_late.sql',
    })
  })

  test('migrate succeeds for an older release after a newer one has migrated further', async () => {
    const stores = await open()
    await write('0002_newer.sql', 'SELECT 1')
    orThrow(await migrate(stores, { sets: [set] }))
    await rename(join(directory, '0002_newer.sql'), join(directory, '0002_newer.txt'))
    expect(orThrow(await migrate(stores, { sets: [set] })).applied).toEqual([])
  })

  test('migrate applies nothing when one file of the run fails, and names that file', async () => {
    await write('0002_bad.sql', 'ALTER TABLE @schema.nothing ADD COLUMN x int')
    const stores = await open()
    const failure = (await migrate(stores, { sets: [set] }))._unsafeUnwrapErr()
    expect(failure).toMatchObject({
      type: 'migration-failed',
      reason: 'statement',
      file: '0002_bad.sql',
    })
    expect(failure.message).toContain('nothing')
    expect((await stores.postgres.query('SELECT 1 FROM @schema.goods')).isErr()).toBe(true)
  })

  test('migrate runs on a direct connection when it is given a URL', async () => {
    const stores = await open()
    const before = stores.postgres.pool.totalCount
    orThrow(await migrate(stores, { sets: [set], url: own.postgres.url }))
    expect(stores.postgres.pool.totalCount).toBe(before)
    expect(orThrow(await stores.postgres.query('SELECT id FROM @schema.goods')).rowCount).toBe(1)
  })

  test('migrate applies files that are given as text in the order of their names', async () => {
    const files = {
      '0002_more.sql': 'INSERT INTO @schema.goods VALUES (2)',
      '0001_goods.sql': 'CREATE TABLE @schema.goods (id int PRIMARY KEY)',
    }
    const stores = await open()
    const { applied } = orThrow(await migrate(stores, { sets: [{ name: 'shop', files }] }))
    expect(applied.slice(-2)).toEqual(['shop/0001_goods.sql', 'shop/0002_more.sql'])
    expect(orThrow(await stores.postgres.query('SELECT id FROM @schema.goods')).rowCount).toBe(1)
  })

  test('A set keeps its history when its directory becomes texts in a bundle', async () => {
    const stores = await open()
    orThrow(await migrate(stores, { sets: [set] }))
    const name = '0001_goods.sql'
    const files = { [name]: await readFile(join(directory, name), 'utf8') }
    expect(orThrow(await migrate(stores, { sets: [{ name: 'shop', files }] })).applied).toEqual([])
  })

  test('migrate reports a set as unreadable when its directory does not exist', async () => {
    const nowhere = { name: 'shop', directory: new URL('nowhere/', set.directory) }
    expect((await migrate(await open(), { sets: [nowhere] }))._unsafeUnwrapErr()).toMatchObject({
      reason: 'unreadable',
      set: 'shop',
    })
  })
})

test('A migration with nothing to do succeeds for a role that may create nothing', async () => {
  const owner = await open()
  orThrow(await migrate(owner, { sets: [set] }))
  const { schema } = owner.postgres
  const role = `dml_${process.pid}_${schemas}`
  const admin = (text: string) => owner.postgres.withConnection((lent) => lent.query(text))
  await admin(
    `CREATE ROLE ${role} LOGIN PASSWORD 'pw';
    GRANT USAGE ON SCHEMA "${schema}" TO ${role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "${schema}" TO ${role}`,
  )
  const url = new URL(own.postgres.url)
  url.username = role
  url.password = 'pw'
  const stores = await open({ url: url.href })
  expect(orThrow(await migrate(stores, { sets: [set] })).applied).toEqual([])
  orThrow(await stores.close())
  await admin(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
})

test('migrate and publish work in a schema whose name has an apostrophe', async () => {
  const stores = await open({ schema: `o'brien ${schemas}` })
  orThrow(await migrate(stores, { sets: [set] }))
  expect(orThrow(await migrate(stores, { sets: [set] })).applied).toEqual([])
  const event = { aggregateType: 'a', aggregateId: 1, type: 'a.made', version: 1, payload: {} }
  const published = await transaction(stores, async (tx) => {
    tx.publish(event)
    return ok(undefined)
  })
  orThrow(published)
})

const files = { '0001_goods.sql': 'SELECT 1' }
const badSets = [
  ['a name with a space', { name: 'a b', files }, /name: expected lower-case/],
  ['a capitalized name', { name: 'Shop', files }, /name: expected lower-case/],
  ['neither a directory nor files', { name: 'shop' }, /either a directory or files/],
  [
    'both a directory and files',
    { name: 'shop', files, directory: new URL('file:///shop/') },
    /either a directory or files/,
  ],
  ['a path for a file name', { name: 'shop', files: { 'sql/1.sql': '' } }, /without a path/],
] as const
test.each(badSets)('Migrating a set with %s throws InvalidOptions', async (_, wrong, rule) => {
  const stores = await open()
  expect(() => migrate(stores, { sets: [wrong] })).toThrow(InvalidOptions)
  expect(() => migrate(stores, { sets: [wrong] })).toThrow(rule)
})

async function write(name: string, text: string): Promise<void> {
  await writeFile(join(directory, name), text)
}

async function open(postgres: ConnectOptions['postgres'] = {}): Promise<Stores> {
  const options = {
    postgres: { url: own.postgres.url, schema: `shop ${schemas}`, ...postgres },
    redis: { url: own.redis.url, keyPrefix: own.redis.prefix },
  }
  const stores = orThrow(await connect(options))
  opened.push(stores)
  return stores
}
