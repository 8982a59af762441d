import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { faultProxy, type FaultProxy, leastRoundTrips } from '../../src/index.ts'

let postgres: FaultProxy
let client: pg.Client

beforeEach(async () => {
  postgres = await faultProxy(inject('stack').postgres.url)
  client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
})
afterEach(async () => {
  await client.end()
  await postgres.close()
})

describe('the round trips of an operation', () => {
  test('Round trips that follow an answer are counted, however long an answer takes', async () => {
    const goOn = async () => {
      await client.query('SELECT pg_sleep(0.2)')
      await client.query('SELECT 1')
    }
    expect(
      await leastRoundTrips({ postgres }, async () => async () => {
        void goOn()
      }),
    ).toEqual({ postgres: 2 })
  })

  test('Round trips of the preparation are not counted', async () => {
    const operation = async () => {
      await Promise.all([client.query('SELECT 1'), client.query('SELECT 2')])
    }
    expect(
      await leastRoundTrips({ postgres }, async () => {
        await client.query('SELECT 0')
        return operation
      }),
    ).toEqual({ postgres: 2 })
  })

  test("A client's own periodic round trips are not counted", async () => {
    let runs = 0
    expect(
      await leastRoundTrips({ postgres }, async () => async () => {
        runs += 1
        await client.query('SELECT 1')
        if (runs === 2) await client.query('SELECT 2')
      }),
    ).toEqual({ postgres: 1 })
  })
})
