import { afterAll, beforeAll, expect, test } from 'vitest'
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
