import { systemClock } from '@headwater/core'
import type { PostgresConnection, PostgresStore } from '@headwater/core'
import { expect, test } from 'vitest'
import { boundedPostgres } from '../src/bounded-postgres.ts'

/** A pool whose connection comes when this process has been busy for so long. */
function busyFor(busyMs: number, asked: string[]): PostgresStore {
  const ask = async (text: string) => {
    asked.push(text)
    return { rows: [], rowCount: 0 }
  }
  const connection = {
    query: ask,
    queryAll: async (text: string) => [await ask(text)],
    close: () => undefined,
  } as unknown as PostgresConnection
  const withConnection = async <T>(use: (connection: PostgresConnection) => Promise<T>) => {
    const untilMs = systemClock.monotonic() + busyMs
    while (systemClock.monotonic() < untilMs);
    return use(connection)
  }
  return { withConnection } as unknown as PostgresStore
}

test('Where its time is as good as up before it could ask, it asks nothing and says so', async () => {
  const asked: string[] = []
  const bounded = boundedPostgres(busyFor(115, asked), { ms: 200, mayWrite: false })
  const failure = (await bounded.query('SELECT 1'))._unsafeUnwrapErr()
  expect(failure).toMatchObject({
    type: 'deadline-exceeded',
    message:
      '200 ms were over before the console could ask PostgreSQL: ' +
      'what was asked before took too long, or this process is busy',
  })
  expect(asked).toEqual([])
})

test('What is left of its time is the time of the statement', async () => {
  const asked: string[] = []
  const bounded = boundedPostgres(busyFor(60, asked), { ms: 3_000, mayWrite: false })
  expect((await bounded.query('SELECT 1')).isOk()).toBe(true)
  const leftMs = Number(/statement_timeout = (\d+)/.exec(asked[0] ?? '')?.[1])
  expect(leftMs).toBeGreaterThanOrEqual(100)
  expect(leftMs).toBeLessThanOrEqual(2_940)
  expect(asked.slice(1)).toEqual(['SELECT 1', 'COMMIT'])
})
