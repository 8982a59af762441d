import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  connect,
  type ConnectOptions,
  type DeadlineExceeded,
  type DiagnosticEvents,
  Diagnostics,
  orThrow,
  FailureError,
  type Stores,
} from '@headwater/core'
import {
  eventually,
  faultProxy,
  isolate,
  type IsolatedStores,
  startPostgresServer,
} from '@headwater/testing'

let own: IsolatedStores<'postgres' | 'redis'>
const opened: Stores[] = []

beforeAll(async () => {
  own = await isolate(inject('stack'))
})
afterAll(() => own.dispose())
afterEach(() => Promise.all(opened.splice(0).map((stores) => stores.close())))

async function open(
  postgres: ConnectOptions['postgres'] = {},
  diagnostics = new Diagnostics(),
): Promise<Stores> {
  const url = postgres.pool === undefined ? { url: own.postgres.url } : {}
  const stores = orThrow(
    await connect({
      postgres: { ...url, connectTimeoutMs: 30_000, ...postgres },
      redis: { url: own.redis.url, keyPrefix: own.redis.prefix },
      // No statement but those of a test takes a connection.
      invalidation: { lookEveryMs: 3_600_000 },
      connectDeadlineMs: 60_000,
      diagnostics,
    }),
  )
  opened.push(stores)
  return stores
}

const typeOf = async (result: ReturnType<Stores['postgres']['query']>) =>
  (await result).match(
    () => 'ok',
    (failure) => failure.type,
  )

const selectMoment = "SELECT '2026-03-01 10:00:00+00'::timestamptz AS at"

describe('PostgreSQL', () => {
  test('Dates are read correctly even when the role sets another DateStyle, and refused otherwise', async () => {
    const stores = await open()
    const role = `german_${process.pid}`
    const admin = (text: string) => stores.postgres.withConnection((lent) => lent.query(text))
    await admin(
      `CREATE ROLE ${role} LOGIN PASSWORD 'pw'; ALTER ROLE ${role} SET datestyle = German`,
    )
    const url = new URL(own.postgres.url)
    url.username = role
    url.password = 'pw'
    const german = await open({ url: url.href })
    expect(orThrow(await german.postgres.query(selectMoment)).rows).toEqual([
      { at: new Date('2026-03-01T10:00:00Z') },
    ])
    const pool = new pg.Pool({ connectionString: url.href })
    const handed = await open({ pool })
    expect((await handed.postgres.query(selectMoment))._unsafeUnwrapErr()).toMatchObject({
      type: 'store-refused',
      message: expect.stringContaining('DateStyle must be ISO') as string,
    })
    for (const each of [german, handed]) orThrow(await each.close())
    await pool.end()
    await admin(`DROP ROLE ${role}`)
  })

  test('bigint, numeric and date are read as text, timestamptz as Date, whatever parsers the host sets', async () => {
    const stores = await open()
    pg.types.setTypeParser(20, Number)
    pg.types.setTypeParser(1700, Number)
    pg.types.setTypeParser(1184, String)
    try {
      const text = `
        SELECT 9007199254740993::int8 AS big, 12.30::numeric AS price,
          '2026-03-01'::date AS day, '2026-03-01 10:00:00.123456+02'::timestamptz AS at`
      expect(orThrow(await stores.postgres.query(text)).rows).toEqual([
        {
          big: '9007199254740993',
          price: '12.30',
          day: '2026-03-01',
          at: new Date('2026-03-01T08:00:00.123Z'),
        },
      ])
    } finally {
      pg.types.setTypeParser(20, String)
      pg.types.setTypeParser(1700, String)
      pg.types.setTypeParser(1184, (text) => new Date(text))
    }
  })

  test('A statement that violates a constraint does not close its connection', async () => {
    const stores = await open()
    let removed = 0
    stores.postgres.pool.on('remove', () => {
      removed += 1
    })
    orThrow(await stores.postgres.query('CREATE TABLE once (id int PRIMARY KEY)'))
    orThrow(await stores.postgres.query('INSERT INTO once VALUES ($1)', [1]))
    for (let n = 0; n < 5; n += 1) {
      expect(
        (await stores.postgres.query('INSERT INTO once VALUES ($1)', [1]))._unsafeUnwrapErr(),
      ).toMatchObject({
        type: 'constraint-violated',
        kind: 'unique',
        constraint: 'once_pkey',
        table: 'once',
      })
    }
    expect([removed, stores.postgres.pool.totalCount]).toEqual([0, 1])
  })

  test('The PostgreSQL pool reports an idle connection that the server ends, and keeps working', async () => {
    const diagnostics = new Diagnostics()
    const errors: DiagnosticEvents['store:error'][] = []
    diagnostics.on('store:error', (event) => errors.push(event))
    const stores = await open({}, diagnostics)
    const {
      rows: [row],
    } = orThrow(await stores.postgres.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))
    const other = await open()
    orThrow(await other.postgres.query('SELECT pg_terminate_backend($1)', [row?.pid]))
    await eventually(() => {
      expect(errors).toMatchObject([{ store: 'postgres' }])
    })
    expect(await typeOf(stores.postgres.query('SELECT 1'))).toBe('ok')
  })

  test('The PostgreSQL pool keeps working after the server ends a connection on loan', async () => {
    const stores = await open()
    const other = await open()
    const work = stores.postgres.withConnection(async (connection) => {
      const {
        rows: [row],
      } = await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      orThrow(await other.postgres.query('SELECT pg_terminate_backend($1)', [row?.pid]))
      await eventually(
        async () =>
          orThrow(
            await other.postgres.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [row?.pid]),
          ).rowCount === 0,
      )
      // Nothing is asked of the connection meanwhile, so that its end is an event of its own and
      // not the answer to a statement.
      await setTimeout(50)
      return connection.query('SELECT 1')
    })
    await expect(work).rejects.toMatchObject({
      name: 'FailureError',
      failure: { type: 'store-unavailable' },
    })
    expect(await typeOf(stores.postgres.query('SELECT 1'))).toBe('ok')
  })

  test('The PostgreSQL pool works again after the server restarts', async () => {
    const server = await startPostgresServer()
    const stores = await open({ url: server.url })
    await server.kill()
    expect(await typeOf(stores.postgres.query('SELECT 1'))).toBe('store-unavailable')
    await server.restart()
    await eventually(async () => (await stores.postgres.query('SELECT 1')).isOk())
    await server.stop()
  })

  test('A statement that exceeds its timeout ends on the server and keeps its connection', async () => {
    const stores = await open({ maxConnections: 1, statementTimeoutMs: 50 })
    await eventually(async () => {
      expect((await stores.postgres.query('SELECT pg_sleep(5)'))._unsafeUnwrapErr()).toMatchObject({
        type: 'deadline-exceeded',
        operation: 'select',
      })
      expect(stores.postgres.pool.totalCount).toBe(1)
    })
  })

  test('A statement that the server ends before its deadline is not said to have had longer', async () => {
    const stores = await open({ statementTimeoutMs: 500 })
    const ended = await stores.postgres.query('SELECT pg_sleep(60)', [], { deadlineMs: 3_600_000 })
    const failure = ended._unsafeUnwrapErr()
    expect(failure).toMatchObject({ type: 'deadline-exceeded' })
    expect((failure as DeadlineExceeded).deadlineMs).toBeLessThan(60_000)
    expect(failure.message).not.toContain('3600000')
  })

  test('A PostgreSQL call that misses its deadline closes its connection, whose state is unknown', async () => {
    const stores = await open()
    const startedMs = performance.now()
    expect(await typeOf(stores.postgres.query('SELECT pg_sleep(10)', [], { deadlineMs: 50 }))).toBe(
      'deadline-exceeded',
    )
    expect(performance.now() - startedMs).toBeLessThan(8_000)
    expect(stores.postgres.pool.totalCount).toBe(0)
  })

  test('A PostgreSQL call ends when its caller aborts it, and its connection is used again', async () => {
    const stores = await open({ maxConnections: 1 })
    const pid = async () =>
      orThrow(await stores.postgres.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))
        .rows[0]?.pid
    const before = await pid()
    const other = await open()
    await other.postgres.withConnection(async (holder) => {
      await holder.query('SELECT pg_advisory_lock(1)')
      const controller = new AbortController()
      const { signal } = controller
      const call = stores.postgres.query('SELECT pg_advisory_xact_lock(1)', [], { signal })
      await eventually(async () => {
        const waiting = 'SELECT pid FROM pg_locks WHERE NOT granted AND pid = $1'
        expect((await holder.query(waiting, [before])).rows).toHaveLength(1)
      })
      controller.abort()
      expect((await call)._unsafeUnwrapErr()).toMatchObject({
        type: 'deadline-exceeded',
        message: 'postgres: `select` was given up by its caller',
      })
      expect(stores.postgres.pool.idleCount).toBe(0)
      await holder.query('SELECT pg_advisory_unlock(1)')
    })
    expect(await pid()).toBe(before)
  })

  test('A caller that aborts while it waits for a connection sends nothing', async () => {
    const stores = await open({ maxConnections: 1 })
    const sent: string[] = []
    const { promise: isOver, resolve: end } = Promise.withResolvers<void>()
    const lent = stores.postgres.withConnection(() => isOver)
    await eventually(() => expect(stores.postgres.pool.idleCount).toBe(0))
    const controller = new AbortController()
    const { signal } = controller
    const call = stores.postgres.query('UPDATE nothing SET a = 1', [], { signal })
    const loan = stores.postgres.withConnection((connection) => connection.query('SELECT 2'), {
      signal,
    })
    stores.diagnostics.on('store:operation', ({ operation }) => sent.push(operation))
    controller.abort()
    expect(await typeOf(call)).toBe('deadline-exceeded')
    await expect(loan).rejects.toMatchObject({ failure: { type: 'deadline-exceeded' } })
    end()
    await lent
    expect(await typeOf(stores.postgres.query('SELECT 1'))).toBe('ok')
    expect(sent.filter((operation) => operation === 'update nothing')).toEqual([])
  })

  test('A PostgreSQL call fails within its deadline when the server hangs', async () => {
    const proxy = await faultProxy(own.postgres.url)
    const stores = await open({ url: proxy.url })
    await eventually(() => expect(stores.postgres.pool.idleCount).toBeGreaterThan(0))
    proxy.hang()
    const startedMs = performance.now()
    expect(await typeOf(stores.postgres.query('SELECT 1', [], { deadlineMs: 100 }))).toBe(
      'deadline-exceeded',
    )
    expect(await typeOf(stores.postgres.query('SELECT 1', [], { deadlineMs: 100 }))).toBe(
      'store-unavailable',
    )
    expect(performance.now() - startedMs).toBeLessThan(20_000)
    proxy.restore()
    await eventually(async () => (await stores.postgres.query('SELECT 1')).isOk())
    orThrow(await stores.close())
    await proxy.close()
  })

  test('A PostgreSQL pool in which connections come back is waited for', async () => {
    const stores = await open({ maxConnections: 1, connectTimeoutMs: 1_000 })
    // Without regard to the movement the last of them are refused at every try.
    await eventually(
      async () => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, () => stores.postgres.query('SELECT pg_sleep(0.1)')),
        )
        expect(answers.filter((answer) => answer.isErr())).toEqual([])
      },
      { timeoutMs: 120_000 },
    )
  })

  test('A PostgreSQL pool that moves is waited for no longer than a statement may take', async () => {
    const stores = await open({
      maxConnections: 1,
      connectTimeoutMs: 500,
      statementTimeoutMs: 1_000,
    })
    // Without a limit all of them are answered at every try.
    await eventually(
      async () => {
        let isOver = false
        const keepBusy = async (): Promise<void> => {
          while (!isOver) await typeOf(stores.postgres.query('SELECT pg_sleep(0.1)'))
        }
        const others = Array.from({ length: 40 }, keepBusy)
        const types = await Promise.all(
          Array.from({ length: 40 }, () => typeOf(stores.postgres.query('SELECT 1'))),
        )
        isOver = true
        await Promise.all(others)
        expect(new Set(types)).toEqual(new Set(['store-unavailable']))
      },
      { timeoutMs: 120_000 },
    )
  })

  test('A full PostgreSQL pool refuses a query but still lends a reserved connection', async () => {
    const stores = await open({ maxConnections: 1, connectTimeoutMs: 10_000 })
    await stores.postgres.withConnection(async () => {
      expect((await stores.postgres.query('SELECT 1'))._unsafeUnwrapErr()).toMatchObject({
        type: 'store-unavailable',
        message: expect.stringContaining('became free in time') as string,
      })
      expect(
        (
          await stores.postgres.withConnection((connection) => connection.query('SELECT 1'), {
            reserved: true,
          })
        ).rowCount,
      ).toBe(1)
    })
  })

  test('A connection returned with a transaction open or a statement running is closed', async () => {
    const stores = await open()
    await stores.postgres.withConnection((connection) => connection.query('BEGIN'))
    expect(stores.postgres.pool.totalCount).toBe(0)
    await stores.postgres.withConnection(async (connection) => {
      void connection.query('SELECT pg_sleep(1)').catch(() => undefined)
    })
    expect(stores.postgres.pool.totalCount).toBe(0)
    await stores.postgres.withConnection((connection) => connection.query('SELECT 1'))
    expect(stores.postgres.pool.totalCount).toBe(1)
  })

  test('Statements on a lent connection run one after another and are refused after the loan', async () => {
    const stores = await open()
    const connection = await stores.postgres.withConnection(async (lent) => {
      const results = await Promise.all(
        [1, 2, 3].map((n) => lent.query<{ n: number }>('SELECT $1::int AS n', [n])),
      )
      expect(results.map(({ rows }) => rows[0]?.n)).toEqual([1, 2, 3])
      return lent
    })
    await expect(connection.query('SELECT 1')).rejects.toBeInstanceOf(FailureError)
  })

  const insertedAfter = (stores: Stores, ahead: readonly string[], id: number) =>
    stores.postgres.withConnection(async (connection) => {
      const sent = connection.queryBehind(
        ahead.map((text) => ({ text, values: [] })),
        { text: 'INSERT INTO behind VALUES ($1) RETURNING id', values: [id] },
      )
      const [first, last] = await Promise.allSettled([sent.ahead, sent.result])
      await connection.query('ROLLBACK')
      return {
        ahead: first.status === 'fulfilled' ? first.value.map(({ command }) => command) : 'failed',
        rows: last.status === 'fulfilled' ? last.value.rows : 'failed',
      }
    })

  test('A statement behind others runs after them, and not at all when one of them fails', async () => {
    const stores = await open({ maxConnections: 1 })
    orThrow(await stores.postgres.query('CREATE TABLE IF NOT EXISTS behind (id int PRIMARY KEY)'))
    const refused = { ahead: 'failed', rows: 'failed' }
    expect(await insertedAfter(stores, ['BEGIN', 'SELECT 1 / 0'], 1)).toEqual(refused)
    // Refused by the server: there is no transaction, so the insert would stay.
    expect(await insertedAfter(stores, ['SELECT 1', 'SELECT 1 / 0'], 1)).toEqual(refused)
    expect(orThrow(await stores.postgres.query('SELECT id FROM behind')).rows).toEqual([])
  })

  test('A statement that was never reached behind others is prepared when it is sent again', async () => {
    const stores = await open({ maxConnections: 1 })
    orThrow(await stores.postgres.query('CREATE TABLE IF NOT EXISTS behind (id int PRIMARY KEY)'))
    const inserted = { ahead: ['BEGIN', 'SELECT'], rows: [{ id: 1 }] }
    await insertedAfter(stores, ['BEGIN', 'SELECT 1 / 0'], 1)
    expect(await insertedAfter(stores, ['BEGIN', 'SELECT 1'], 1)).toEqual(inserted)
    const failed = { ahead: ['BEGIN', 'INSERT'], rows: 'failed' }
    const first = 'INSERT INTO behind VALUES (1)'
    expect(await insertedAfter(stores, ['BEGIN', first], 1)).toEqual(failed)
    expect(await insertedAfter(stores, ['BEGIN', 'SELECT 1'], 1)).toEqual(inserted)
  })

  test('A statement with parameters ahead of others is prepared once, also when it failed before', async () => {
    const stores = await open({ maxConnections: 1 })
    const divided = (by: string) =>
      stores.postgres.withConnection(async (connection) => {
        const sent = connection.queryBehind(
          [{ text: 'SELECT 6 / $1::int AS quotient', values: [by] }],
          {
            text: 'SELECT name FROM pg_prepared_statements WHERE statement LIKE $1',
            values: ['%SELECT 6%'],
          },
        )
        const [first, last] = await Promise.allSettled([sent.ahead, sent.result])
        return [first, last].map((one) =>
          one.status === 'fulfilled' ? [one.value].flat().flatMap(({ rows }) => rows) : 'failed',
        )
      })
    const prepared = { name: expect.any(String) as unknown }
    expect(await divided('0')).toEqual(['failed', 'failed'])
    expect(await divided('2')).toEqual([[{ quotient: 3 }], [prepared]])
    expect(await divided('3')).toEqual([[{ quotient: 2 }], [prepared]])
  })

  test('A client that cannot send statements together sends one after the other', async () => {
    class PlainClient extends pg.Client {
      static readonly Query = undefined
    }
    const pool = new pg.Pool({ connectionString: own.postgres.url, Client: PlainClient, max: 1 })
    const stores = await open({ pool })
    orThrow(await stores.postgres.query('CREATE TABLE IF NOT EXISTS behind (id int PRIMARY KEY)'))
    const inserted = { ahead: ['BEGIN', 'SELECT'], rows: [{ id: 1 }] }
    expect(await insertedAfter(stores, ['BEGIN', 'SELECT 1'], 1)).toEqual(inserted)
    const refused = { ahead: 'failed', rows: 'failed' }
    expect(await insertedAfter(stores, ['BEGIN', 'SELECT 1 / 0'], 1)).toEqual(refused)
    expect(orThrow(await stores.postgres.query('SELECT id FROM behind')).rows).toEqual([])
    orThrow(await stores.close())
    await pool.end()
  })

  test('A PostgreSQL statement is reported with its operation and outcome, never its values', async () => {
    const diagnostics = new Diagnostics()
    const reports: DiagnosticEvents['store:operation'][] = []
    const stores = await open({}, diagnostics)
    diagnostics.on('store:operation', (event) => {
      if (!event.operation.includes('invalidation_intent')) reports.push(event)
    })
    expect([
      await typeOf(stores.postgres.query('SELECT $1::text', ['secret'])),
      await typeOf(stores.postgres.query('SELECT * FROM nowhere')),
    ]).toEqual(['ok', 'store-refused'])
    expect(reports).toMatchObject([
      { store: 'postgres', operation: 'select', outcome: 'ok' },
      { operation: 'select nowhere', outcome: 'store-refused' },
    ])
    expect(JSON.stringify(reports)).not.toContain('secret')
  })

  test('A PostgreSQL pool supplied by the host stays open and keeps no listeners after close', async () => {
    const pool = new pg.Pool({ connectionString: own.postgres.url })
    const stores = await open({ pool })
    await stores.postgres.withConnection((connection) => connection.query('SELECT 1'), {
      reserved: true,
    })
    expect(pool.listenerCount('error')).toBe(1)
    orThrow(await stores.close())
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    expect(pool.listenerCount('error')).toBe(0)
    await pool.end()
  })
})
