import { FailureError } from '@headwater/core'
import { expect, test } from 'vitest'
import { Intents } from '../../src/invalidation/intents.ts'
import { TransactionsUnderWay } from '../../src/invalidation/under-way.ts'
import type { LoanOptions, PostgresStore } from '../../src/stores/postgres/postgres-store.ts'

/** Notes how connections are lent; its statements return `rows` or fail. */
function postgresOf({ rows = [], error }: { rows?: readonly unknown[]; error?: Error } = {}) {
  const lent: (LoanOptions | undefined)[] = []
  const connection = {
    history: { use: (ask: (of: { timeline: string }) => unknown) => ask({ timeline: '1' }) },
    query: async () => {
      if (error !== undefined) throw error
      return { rows, rowCount: rows.length }
    },
  }
  const withConnection = async (
    use: (of: typeof connection) => Promise<unknown>,
    options?: LoanOptions,
  ) => {
    lent.push(options)
    return use(connection)
  }
  return { lent, postgres: { withConnection } as unknown as PostgresStore }
}

test('No statement about intents waits for a pool full of transactions that wait for it', async () => {
  const { lent, postgres } = postgresOf({ rows: [{ transactions: [] }] })
  const intents = new Intents(postgres, '')
  await intents.write({ id: 'an intent', keys: [], isHeld: false }, undefined)
  await intents.leave({ id: 'an intent', keys: [] })
  await intents.remove(['an intent'])
  await intents.removeEnded(1, async () => undefined)
  await intents.read(1)
  await new TransactionsUnderWay(postgres).note()
  expect(lent.map((options) => options?.reserved)).toEqual(Array.from({ length: 6 }, () => true))
})

test('Before the migrations have run there are no intents; any other failure is one', async () => {
  const read = (error: Error) => new Intents(postgresOf({ error }).postgres, '').read(1)
  const failed = (code: string) =>
    new FailureError({ type: 'store-refused', store: 'postgres', message: 'no', code } as never)
  expect(await read(failed('42P01'))).toEqual([])
  await expect(read(failed('42501'))).rejects.toMatchObject({ failure: { code: '42501' } })
  const mistake = new TypeError('a mistake')
  await expect(read(mistake)).rejects.toBe(mistake)
})

test('Transactions that have ended are not asked for again', async () => {
  const rows = [{ timeline: '1', transactions: ['7'] }]
  const { lent, postgres } = postgresOf({ rows })
  const underWay = new TransactionsUnderWay(postgres)
  await underWay.note()
  expect(await underWay.haveEnded()).toBe(false)
  rows[0] = { timeline: '1', transactions: ['8'] }
  expect(await underWay.haveEnded()).toBe(true)
  lent.length = 0
  expect(await underWay.haveEnded()).toBe(true)
  expect(lent).toEqual([])
})
