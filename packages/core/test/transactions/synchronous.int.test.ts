import { cacheKey, connect, migrate, ok, orThrow, type Stores, transaction } from '@headwater/core'
import {
  eventually,
  faultProxy,
  type FaultProxy,
  type PostgresServer,
  type PostgresStandby,
  startPostgresServer,
  startPostgresStandby,
} from '@headwater/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'

let primary: PostgresServer
let standby: PostgresStandby
let replication: FaultProxy
let stores: Stores

beforeAll(async () => {
  primary = await startPostgresServer()
  replication = await faultProxy(primary.url)
  standby = await startPostgresStandby(primary, { primaryUrl: replication.url })
  stores = orThrow(
    await connect({
      postgres: { url: primary.url },
      redis: { url: inject('stack').redis.url, keyPrefix: 'synchronous:' },
    }),
  )
  orThrow(await migrate(stores))
  orThrow(await stores.postgres.query('CREATE TABLE notes (id int PRIMARY KEY)'))
  orThrow(await stores.postgres.query(`ALTER SYSTEM SET synchronous_standby_names = '*'`))
  orThrow(await stores.postgres.query('SELECT pg_reload_conf()'))
  await eventually(async () => {
    const { rows } = orThrow(
      await stores.postgres.query('SELECT sync_state FROM pg_stat_replication'),
    )
    expect(rows).toEqual([{ sync_state: 'sync' }])
  })
})
afterAll(async () => {
  replication.restore()
  orThrow(await stores.close())
  await standby.stop()
  await replication.close()
  await primary.stop()
})

const write = (id: number) =>
  transaction(
    stores,
    async (tx) => {
      tx.invalidate(cacheKey('note', id))
      await tx.query('INSERT INTO notes VALUES ($1)', [id])
      return ok(undefined)
    },
    { deadlineMs: 800 },
  )
const isVisible = async (id: number) => {
  const { rowCount } = orThrow(await stores.postgres.query('SELECT FROM notes WHERE id = $1', [id]))
  return rowCount === 1
}
/** What waits for the standby on the server, from time to time a commit that asks for it. */
const waiting = async () => {
  const { rows } = orThrow(
    await stores.postgres.query("SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'"),
  )
  return rows
}
const raw = (id: number) => stores.redis.client.get(`${stores.redis.keyPrefix}note:${id}`)

test('A COMMIT that waits for a standby in vain is commit-unknown, and its keys stay held for so long', async () => {
  replication.hang()
  const written = await write(1)
  expect(written._unsafeUnwrapErr()).toMatchObject({ type: 'commit-unknown', retryable: false })
  expect(await isVisible(1)).toBe(true)
  expect(await raw(1)).toMatch(/^h1 /)
  await eventually(async () => expect(await waiting()).toEqual([]))
  expect(await raw(1)).toMatch(/^h1 /)
  replication.restore()
  await eventually(async () => expect(await raw(1)).toBeNull())
  await standby.catchUp()
})

test('A COMMIT that is cut off while it waits for a standby is Ok once the standby has it', async () => {
  replication.hang()
  const written = write(2)
  await eventually(() => isVisible(2))
  replication.restore()
  expect((await written).isOk()).toBe(true)
})
