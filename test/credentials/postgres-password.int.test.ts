import { inspect } from 'node:util'
import { connect, type ConnectOptions, isOutage, orThrow } from '@headwater/core'
import { eventually, isolate, type IsolatedStores } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { type PostgresOverTls, startPostgresOverTls } from '../tls/postgres-over-tls.ts'

let own: IsolatedStores<'postgres' | 'redis'>
let postgres: PostgresOverTls
let current: string

beforeAll(async () => {
  own = await isolate(inject('stack'))
  postgres = await startPostgresOverTls()
  await postgres.run("CREATE ROLE app LOGIN PASSWORD 'first'")
  await postgres.allow('host all app 127.0.0.1/32 scram-sha-256')
})
beforeEach(() => changePassword('first'))
afterAll(async () => {
  await postgres[Symbol.asyncDispose]()
  await own.dispose()
})

async function changePassword(password: string): Promise<void> {
  await postgres.run(`ALTER ROLE app PASSWORD '${password}'`)
  current = password
}

function cutConnections(): Promise<void> {
  return postgres.run(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'",
  )
}

function options(given: Partial<ConnectOptions['postgres']> = {}): ConnectOptions {
  return {
    postgres: {
      url: `postgres://app@127.0.0.1:${postgres.server.port}/postgres`,
      password: async () => current,
      maxConnections: 4,
      ...given,
    },
    redis: { url: own.redis.url, keyPrefix: own.redis.prefix },
  }
}

describe('The password of PostgreSQL', () => {
  test('A password that changes under load is used by every connection made after that', async () => {
    await using stores = orThrow(await connect(options()))
    let isOver = false
    let answers = 0
    const refusals: string[] = []
    const worker = async (): Promise<void> => {
      while (!isOver) {
        const answer = await stores.postgres.query('SELECT 1')
        if (answer.isOk()) answers += 1
        else if (!isOutage(answer.error)) refusals.push(answer.error.message)
      }
    }
    const workers = Array.from({ length: 8 }, worker)
    try {
      for (const password of ['second', 'third']) {
        await eventually(() => answers > 50)
        await changePassword(password)
        await cutConnections()
        answers = 0
        await eventually(() => answers > 50)
      }
    } finally {
      isOver = true
      await Promise.all(workers)
    }
    expect(refusals).toEqual([])
    const stale = (await connect(options({ password: 'first' })))._unsafeUnwrapErr()
    expect(stale.message).toContain('the password was not accepted')
  })

  test('Connections outside the pool use it too', async () => {
    await using stores = orThrow(await connect(options()))
    await changePassword('fourth')
    await cutConnections()
    await eventually(async () => {
      const seen = await stores.postgres.withConnection(
        (connection) => connection.query<{ user: string }>('SELECT current_user AS user'),
        { reserved: true },
      )
      expect(seen.rows).toEqual([{ user: 'app' }])
    })
  })

  test('A password of the options counts, not the one of the URL', async () => {
    const url = `postgres://app:wrong@127.0.0.1:${postgres.server.port}/postgres`
    await using stores = orThrow(await connect(options({ url, password: 'first' })))
    expect(await stores.isReady()).toBe(true)
  })

  test.each([
    ['fails', () => Promise.reject(new Error('vault says s3cr3t')), /`postgres\.password` failed/],
    ['returns no text', () => undefined as never, /`postgres\.password` returned no text/],
    ['never answers', () => new Promise<string>(() => undefined), /did not answer within/],
  ])('A function that %s is named, without its own words', async (_, fail, words) => {
    let isKnown = true
    const password = () => (isKnown ? current : fail())
    await using stores = orThrow(await connect(options({ password, connectTimeoutMs: 4_000 })))
    isKnown = false
    await eventually(async () => {
      await cutConnections()
      const failure = (await stores.postgres.query('SELECT 1'))._unsafeUnwrapErr()
      expect(failure).toMatchObject({ type: 'store-unavailable', retryable: true })
      expect(failure.message).toMatch(words)
      expect(inspect(failure, { showHidden: true })).not.toContain('s3cr3t')
    })
  })
})
