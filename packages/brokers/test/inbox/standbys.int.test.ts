import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, migrate, ok, orThrow, transaction, type Stores } from '@headwater/core'
import { type PostgresServer, startPostgresServer } from '@headwater/testing'
import { brokersMigrations, inbox } from '../../src/index.ts'

let server: PostgresServer
let stores: Stores
beforeAll(async () => {
  server = await startPostgresServer()
  stores = orThrow(
    await connect({ postgres: { url: server.url }, redis: { url: 'redis://127.0.0.1:1' } }),
  )
  orThrow(await migrate(stores, { sets: [brokersMigrations] }))
})
afterAll(async () => {
  await setStandbys('')
  orThrow(await stores.close())
  await server.stop()
})

async function setStandbys(names: string): Promise<void> {
  orThrow(await stores.postgres.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`))
  orThrow(await stores.postgres.query('SELECT pg_reload_conf()'))
}

const entry = { consumer: 'mail', eventId: 'e1' }
const handleOnce = (deadlineMs: number) =>
  transaction(stores, (tx) => inbox.once(tx, entry, async () => ok(undefined)), { deadlineMs })

test('An event that no standby has yet is no duplicate that could be acknowledged', async () => {
  expect(orThrow(await handleOnce(30_000))).toBe('handled')
  expect(orThrow(await handleOnce(30_000))).toBe('duplicate')
  await setStandbys('absent')
  const unsure = await handleOnce(3_000)
  expect(unsure._unsafeUnwrapErr().type).toBe('commit-unknown')
  await setStandbys('')
  expect(orThrow(await handleOnce(30_000))).toBe('duplicate')
})
