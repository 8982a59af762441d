import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  faultProxy,
  startPostgresServer,
  startPostgresStandby,
  type FaultProxy,
  type PostgresServer,
  type PostgresStandby,
} from '../../src/index.ts'

let primary: PostgresServer
let standby: PostgresStandby
let replication: FaultProxy

beforeAll(async () => {
  primary = await startPostgresServer()
  replication = await faultProxy(primary.url)
  standby = await startPostgresStandby(primary, { primaryUrl: replication.url })
})
afterAll(async () => {
  await standby.stop()
  await replication.close()
  await primary.stop()
})

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<unknown[]>({ text, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end()
  }
}

test('A PostgreSQL standby starts while its primary writes and removes its log', async () => {
  await query(primary.url, 'CREATE TABLE busy (id int)')
  let isBusy = true
  const writing = (async () => {
    while (isBusy) {
      await query(primary.url, 'INSERT INTO busy VALUES (1)')
      await query(primary.url, 'SELECT pg_switch_wal()')
      await query(primary.url, 'CHECKPOINT')
      await setTimeout(100)
    }
  })()
  try {
    const second = await startPostgresStandby(primary)
    await second.stop()
  } finally {
    isBusy = false
    await writing
  }
  expect(await query(primary.url, 'SELECT count(*)::int FROM pg_replication_slots')).toEqual([0])
})

test('A PostgreSQL standby has what its primary wrote, and once promoted not what was held back', async () => {
  await query(primary.url, 'CREATE TABLE kept (id int)')
  await query(primary.url, 'INSERT INTO kept VALUES (1)')
  await standby.catchUp()
  expect(await query(standby.url, 'SELECT id FROM kept')).toEqual([1])
  await expect(query(standby.url, 'INSERT INTO kept VALUES (2)')).rejects.toThrow(/read-only/)
  replication.hang()
  await query(primary.url, 'INSERT INTO kept VALUES (3)')
  await standby.promote()
  await query(standby.url, 'INSERT INTO kept VALUES (4)')
  expect(await query(standby.url, 'SELECT id FROM kept ORDER BY id')).toEqual([1, 4])
  expect(await query(primary.url, 'SELECT id FROM kept ORDER BY id')).toEqual([1, 3])
  await standby.kill()
  await standby.restart()
  expect(await query(standby.url, 'SELECT id FROM kept ORDER BY id')).toEqual([1, 4])
})
