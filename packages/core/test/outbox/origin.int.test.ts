import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, createRelay, migrate, orThrow, outbox, type Stores } from '@headwater/core'
import {
  createDatabase,
  eventually,
  startPostgresServer,
  type PostgresServer,
} from '@headwater/testing'
import { change, patient, recordingSink, useOutbox, type OutboxFixture } from './outbox-fixture.ts'

const open = useOutbox()
let other: PostgresServer
const opened: Stores[] = []

beforeAll(async () => {
  other = await startPostgresServer()
})
afterAll(async () => {
  for (const stores of opened) orThrow(await stores.close())
  await other.stop()
})

// Without what is known of the server: transaction ids have to suffice.
const tables = ['outbox', 'outbox_tick', 'outbox_sink', 'outbox_cursor', 'outbox_failure']
const computed = ['shard']

/**
 * Copies the outbox to another server, row by row, as a restored dump does: with all values,
 * transaction ids among them.
 */
async function restore(fixture: OutboxFixture): Promise<Stores> {
  const url = await createDatabase(other.url, `restored_${fixture.schema}`)
  const stores = orThrow(
    await connect({
      postgres: { url, schema: fixture.schema, connectTimeoutMs: 10_000 },
      redis: { url: 'redis://127.0.0.1:1' },
    }),
  )
  opened.push(stores)
  orThrow(await migrate(stores))
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(
    `TRUNCATE ${tables.map((table) => `"${fixture.schema}".${table}`).join()} CASCADE`,
  )
  for (const table of tables) await copyTable(fixture, client, table)
  await client.query(
    `SELECT setval(pg_get_serial_sequence('"${fixture.schema}".outbox_tick', 'id'), 1000000)`,
  )
  await client.query(
    `SELECT setval(pg_get_serial_sequence('"${fixture.schema}".outbox', 'seq'), 1000000)`,
  )
  await client.end()
  return stores
}

async function copyTable(fixture: OutboxFixture, client: Client, table: string): Promise<void> {
  const rows = await fixture.rows<{ row: Record<string, unknown> }>(
    `SELECT to_jsonb(t) AS row FROM @schema.${table} t`,
  )
  for (const { row } of rows) {
    const names = Object.keys(row).filter((name) => table !== 'outbox' || !computed.includes(name))
    const target = `"${fixture.schema}".${table}`
    await client.query(
      `INSERT INTO ${target} (${names.join()}) OVERRIDING SYSTEM VALUE
       SELECT ${names.join()} FROM jsonb_populate_record(NULL::${target}, $1)`,
      [JSON.stringify(row)],
    )
  }
}

async function burnTransactionIds(fixture: OutboxFixture, count: number): Promise<void> {
  for (let burned = 0; burned < count; burned += 1)
    await fixture.rows('SELECT pg_current_xact_id()')
}

describe('an outbox that was restored from a dump on another server', () => {
  test('A restored outbox is refused with instructions, and delivers the rest after a reset', async () => {
    const fixture = await open()
    await burnTransactionIds(fixture, 2_000)
    const sink = recordingSink()
    const relay = fixture.relay([sink])
    await fixture.publish(change(1, 1), change(2, 1))
    orThrow(await relay.drain())
    orThrow(await relay.stop())
    await fixture.publish(change(1, 2), change(1, 3))

    const stores = await restore(fixture)
    expect((await outbox(stores).checkOrigin())._unsafeUnwrapErr()).toMatchObject({
      type: 'outbox-restored',
      store: 'postgres',
      retryable: false,
      message: expect.stringMatching(/transaction ids/) as string,
    })
    const restored = recordingSink()
    const heir = patient(createRelay(stores, { sinks: [restored], tickMs: 5, maxPollMs: 20 }))
    heir.start()
    await eventually(() => heir.refusal !== undefined)
    expect(heir.refusal?.message).toMatch(/outbox\(stores\)\.reset\(\)/)
    expect((await heir.drain())._unsafeUnwrapErr().type).toBe('outbox-restored')
    expect(restored.seen).toEqual([])

    orThrow(await outbox(stores).reset())
    await eventually(() => {
      expect(restored.seen).toEqual(['1@2', '1@3'])
    })
    await stores.postgres.client.query(
      `INSERT INTO @schema.outbox (id, aggregatetype, aggregateid, type, version)
       VALUES (gen_random_uuid(), 'course', '1', 'course.updated', 4)`,
    )
    orThrow(await heir.drain())
    expect(restored.seen).toEqual(['1@2', '1@3', '1@4'])
    orThrow(await heir.stop())
  })

  test("A restored outbox is refused by the server's identifier where its transaction ids would pass", async () => {
    const fixture = await open()
    orThrow(await fixture.outbox.checkOrigin())
    orThrow(await fixture.outbox.checkOrigin())
    await fixture.rows('UPDATE @schema.outbox_origin SET system_identifier = 1')
    expect((await fixture.outbox.checkOrigin())._unsafeUnwrapErr().message).toMatch(
      /last used on server 1/,
    )
  })

  test('An outbox declared to be on the same server after an upgrade continues where it was', async () => {
    const fixture = await open()
    const sink = recordingSink()
    const relay = fixture.relay([sink])
    await fixture.publish(change(1, 1))
    orThrow(await relay.drain())
    orThrow(await relay.stop())
    await fixture.rows('UPDATE @schema.outbox_origin SET system_identifier = 1')
    orThrow(await fixture.outbox.reset({ history: 'continued' }))
    await fixture.publish(change(1, 2))
    orThrow(await fixture.relay([sink]).drain())
    expect(sink.seen).toEqual(['1@1', '1@2'])
  })

  test('A reset needs no right to ask which server it is', async () => {
    const url = new URL(await createDatabase(other.url, 'of_a_clerk'))
    const redis = { url: 'redis://127.0.0.1:1' }
    const owner = orThrow(await connect({ postgres: { url: url.href }, redis }))
    opened.push(owner)
    orThrow(await migrate(owner))
    for (const statement of [
      'CREATE ROLE clerk LOGIN',
      'REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC',
      'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO clerk',
    ])
      orThrow(await owner.postgres.query(statement))
    url.username = 'clerk'
    const stores = orThrow(await connect({ postgres: { url: url.href }, redis }))
    opened.push(stores)
    const refused = await stores.postgres.query('SELECT pg_control_system()')
    expect(refused._unsafeUnwrapErr().type).toBe('store-refused')
    orThrow(await outbox(stores).reset({ history: 'continued' }))
  })

  test('A new timeline of the same server is accepted', async () => {
    const fixture = await open()
    orThrow(await fixture.outbox.checkOrigin())
    await fixture.rows('UPDATE @schema.outbox_origin SET timeline = timeline + 1')
    orThrow(await fixture.outbox.checkOrigin())
  })

  test('After a reset every sink gets what any sink lacked, and nothing that all had', async () => {
    const fixture = await open()
    const quick = recordingSink({ name: 'quick' })
    const slow = recordingSink({ name: 'slow' })
    const both = fixture.relay([quick, slow])
    await fixture.publish(change(1, 1))
    orThrow(await both.drain())
    orThrow(await both.stop())
    await fixture.publish(change(1, 2))
    const one = fixture.relay([quick])
    orThrow(await one.drain())
    orThrow(await one.stop())
    orThrow(await fixture.outbox.reset())
    quick.seen.length = 0
    slow.seen.length = 0
    orThrow(await fixture.relay([quick, slow]).drain())
    expect([quick.seen, slow.seen]).toEqual([['1@2'], ['1@2']])
  })
})
