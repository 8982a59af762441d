import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  createDatabase,
  dropDatabase,
  startPostgresServer,
  type PostgresServer,
} from '../../src/index.ts'
import { staysPending } from '../stays-pending.ts'

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgresServer({ settings: { lock_timeout: '7s' } })
})
afterAll(() => server.stop())

async function query(text: string, url = server.url): Promise<unknown> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query({ text, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end()
  }
}

test('A PostgreSQL server accepts 300 connections and has logical decoding and the requested settings', async () => {
  expect(await query('SHOW server_version')).toEqual(['18.4'])
  expect(await query('SHOW max_connections')).toEqual(['300'])
  expect(await query('SHOW wal_level')).toEqual(['logical'])
  expect(await query('SHOW lock_timeout')).toEqual(['7s'])
})

test('A PostgreSQL server keeps its port and every acknowledged commit when killed and restarted', async () => {
  await query('CREATE TABLE kept (id int)')
  await query('INSERT INTO kept VALUES (1)')
  const { pid, url } = server
  await server.kill()
  await expect(query('SELECT 1')).rejects.toThrow(/ECONNREFUSED/)
  await server.restart()
  expect(server.url).toBe(url)
  expect(server.pid).not.toBe(pid)
  expect(await query('SELECT id FROM kept')).toEqual([1])
})

test('A promoted PostgreSQL server has every commit, another timeline, and ids that were assigned before', async () => {
  const timeline = 'SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)'
  const client = new pg.Client({ connectionString: server.url })
  client.on('error', () => undefined)
  await client.connect()
  await query('CREATE TABLE committed (id int)')
  await client.query('BEGIN')
  const { rows } = await client.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id')
  const before = await query(timeline)
  await server.promote()
  expect(await query(timeline)).not.toEqual(before)
  expect(await query('SELECT count(*)::int FROM committed')).toEqual([0])
  expect(await query('SELECT pg_current_xact_id()::text')).toEqual([rows[0]?.id])
  await client.end().catch(() => undefined)
})

test('A kill of a PostgreSQL server breaks its open connections, even busy ones', async () => {
  const client = new pg.Client({ connectionString: server.url })
  client.on('error', () => undefined)
  await client.connect()
  const busy = client.query('SELECT count(*) FROM generate_series(1, 1000000000)')
  const broken = expect(busy).rejects.toThrow(/terminated|ECONNRESET/)
  await server.kill()
  await broken
  await server.restart()
})

test('A PostgreSQL server answers nothing while paused, and the waiting requests once resumed', async () => {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await server.pause()
  const asked = client.query('SELECT 1 AS one')
  expect(await staysPending(asked)).toBe(true)
  await server.resume()
  expect((await asked).rows).toEqual([{ one: 1 }])
  await client.end()
})

test('A PostgreSQL server creates databases concurrently and drops them while they are in use', async () => {
  const urls = await Promise.all([
    createDatabase(server.url),
    createDatabase(server.url),
    createDatabase(server.url, 'Name with "quotes"'),
  ])
  expect(new Set(urls).size).toBe(3)
  for (const url of urls)
    expect(await query('SELECT current_database()', url)).toEqual([
      decodeURIComponent(new URL(url).pathname.slice(1)),
    ])
  const user = new pg.Client({ connectionString: urls[0] })
  user.on('error', () => undefined)
  await user.connect()
  await Promise.all(urls.map(dropDatabase))
  expect(
    await query(
      "SELECT count(*)::int FROM pg_database WHERE datname LIKE 'test\\_%' OR datname LIKE 'Name%'",
    ),
  ).toEqual([0])
})

test('Dropping an absent database is not an error', async () => {
  const url = await createDatabase(server.url)
  await dropDatabase(url)
  await dropDatabase(url)
})

test('A stopped server refuses its verbs and may be stopped again', async () => {
  const brief = await startPostgresServer()
  await brief.stop()
  await brief.stop()
  await expect(brief.restart()).rejects.toThrow(/stopped/)
})
