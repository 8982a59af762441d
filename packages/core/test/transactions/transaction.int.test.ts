import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Cache,
  err,
  errAsync,
  ok,
  orThrow,
  FailureError,
  type PostgresConnection,
  type Stores,
  transaction as transactionOf,
  type Transaction,
  type TransactionOptions,
} from '@headwater/core'
import { eventually, faultProxy, leastRoundTrips, type FaultProxy } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { insertOf } from '../../src/outbox/log/publish.ts'
import { begin } from '../../src/transactions/begin.ts'
import { commit } from '../../src/transactions/commit.ts'
import { Deadline } from '../../src/transactions/transaction-deadline.ts'
import { transactionDefaults } from '../../src/transactions/transaction-options.ts'
import {
  rowCache,
  type VersionedRow,
  versionedRows,
  type VersionedRows,
} from '../cache/versioned-rows.ts'

/** A transaction with the time that it takes on a busy machine. */
const transaction: typeof transactionOf = (on, work, options) =>
  transactionOf(on, work, { deadlineMs: 30_000, ...options })

let rows: VersionedRows
let stores: Stores
let direct: Stores
let proxy: FaultProxy
const sent: string[] = []
// The gate looks at its table by itself, and what it meets may be a lost connection.
const notOfTransactions = new Set(['select invalidation_intent', 'connect'])

beforeAll(async () => {
  rows = await versionedRows()
  proxy = await faultProxy(rows.own.postgres.url)
  // The deadline of a transaction stays within an ordinary hold.
  const invalidation = { holdMs: 62_000 }
  const postgres = { url: proxy.url, connectTimeoutMs: 10_000 }
  stores = await rows.open({ postgres, invalidation })
  direct = await rows.open({ invalidation })
  stores.diagnostics.on('store:operation', ({ store, operation }) => {
    if (store === 'postgres' && !notOfTransactions.has(operation)) sent.push(operation)
  })
})
afterAll(async () => {
  await rows.dispose()
  await proxy.close()
})
beforeEach(async () => {
  proxy.restore()
  orThrow(await direct.postgres.query('UPDATE @schema.rows SET version = 1'))
  await eventually(async () => orThrow(await stores.postgres.query('SELECT')))
  sent.length = 0
})

const bump = (tx: Transaction, id = 1) =>
  tx.query('UPDATE @schema.rows SET version = version + 1 WHERE id = $1', [id])
const fail = (tx: Transaction) => tx.query('SELECT 1 / 0')
async function version(id = 1): Promise<unknown> {
  return orThrow(
    await direct.postgres.query<{ version: number }>(
      'SELECT version FROM @schema.rows WHERE id = $1',
      [id],
    ),
  ).rows[0]?.version
}

describe('transaction', () => {
  test('A transaction commits when its work returns Ok', async () => {
    const result = await transaction(stores, async (tx) => {
      await bump(tx)
      return ok('done')
    })
    expect(result._unsafeUnwrap()).toBe('done')
    expect(await version()).toBe(2)
  })

  test('A transaction rolls back and returns the Err of its work', async () => {
    const result = await transaction(stores, async (tx) => {
      await bump(tx)
      return err({ type: 'no-place' as const })
    })
    expect(result._unsafeUnwrapErr()).toEqual({ type: 'no-place' })
    expect(await version()).toBe(1)
  })

  test('The work may return a ResultAsync or a promise', async () => {
    expect((await transaction(stores, () => errAsync('no'))).isErr()).toBe(true)
  })

  test('A mistake that the work throws is rethrown after the rollback', async () => {
    await expect(
      transaction(stores, async (tx) => {
        await bump(tx)
        throw new RangeError('a mistake')
      }),
    ).rejects.toThrow(RangeError)
    expect(await version()).toBe(1)
    expect(sent.at(-1)).toBe('rollback')
  })

  test('A failed statement becomes its typed failure', async () => {
    const result = await transaction(stores, async (tx) => {
      await tx.query('INSERT INTO @schema.rows VALUES (1, 1)')
      return ok(1)
    })
    expect(result._unsafeUnwrapErr()).toMatchObject({ type: 'constraint-violated', kind: 'unique' })
  })

  test('A swallowed failure is transaction-poisoned with the failure as its cause, and nothing commits', async () => {
    const result = await transaction(stores, async (tx) => {
      await bump(tx)
      await fail(tx).catch(() => undefined)
      return ok('as if nothing had happened')
    })
    expect(result._unsafeUnwrapErr()).toMatchObject({
      type: 'transaction-poisoned',
      cause: { type: 'store-refused', code: '22012' },
    })
    expect(await version()).toBe(1)
    expect(sent).not.toContain('commit')
  })

  test('No statement reaches the server after one has failed', async () => {
    const result = await transaction(stores, async (tx) => {
      await fail(tx).catch(() => undefined)
      await expect(bump(tx)).rejects.toThrow(FailureError)
      return ok(1)
    })
    expect(result.isErr()).toBe(true)
    expect(sent.filter((operation) => operation.startsWith('update'))).toEqual([])
  })

  test('The work may answer a failed statement with an Err of its own', async () => {
    const result = await transaction(stores, async (tx) => {
      await tx.query('INSERT INTO @schema.rows VALUES (1, 1)').catch(() => undefined)
      return err('taken')
    })
    expect(result._unsafeUnwrapErr()).toBe('taken')
  })

  test('A statement that the work did not await is awaited, and its failure counts', async () => {
    const result = await transaction(stores, async (tx) => {
      void fail(tx).catch(() => undefined)
      return ok(1)
    })
    expect(result._unsafeUnwrapErr()).toMatchObject({ type: 'transaction-poisoned' })
  })

  test.each([
    'COMMIT',
    ' rollback',
    'ABORT',
    'BEGIN',
    'START TRANSACTION',
    'end',
    "PREPARE TRANSACTION 'x'",
  ])('%s sent by hand is refused', async (text) => {
    const result = await transaction(stores, async (tx) => {
      await bump(tx)
      await tx.query(text)
      return ok(1)
    })
    expect(result._unsafeUnwrapErr()).toMatchObject({ type: 'store-refused' })
    expect(await version()).toBe(1)
  })

  test('A transaction continues after a rollback to a savepoint', async () => {
    const result = await transaction(stores, async (tx) => {
      await tx.query('SAVEPOINT before')
      await bump(tx)
      await tx.query('ROLLBACK TO SAVEPOINT before')
      return ok(1)
    })
    expect(result.isOk()).toBe(true)
    expect(await version()).toBe(1)
  })

  test('Every use of tx after the end is refused', async () => {
    let kept: Transaction | undefined
    orThrow(
      await transaction(stores, async (tx) => {
        kept = tx
        return ok(1)
      }),
    )
    await expect(kept?.query('SELECT 1')).rejects.toThrow(FailureError)
    expect(() => kept?.invalidate({ text: 'row:1' })).toThrow('the transaction has ended')
    expect(() => kept?.publish()).toThrow('the transaction has ended')
  })

  test('A transaction with one statement takes two round trips: BEGIN with the statement, and COMMIT', async () => {
    const cost = await leastRoundTrips({ postgres: proxy }, async () => async () => {
      orThrow(
        await transaction(stores, async (tx) => {
          await bump(tx)
          return ok(1)
        }),
      )
    })
    expect(cost).toEqual({ postgres: 2 })
  })

  test('A first statement without parameters travels with BEGIN', async () => {
    const result = await transaction(stores, async (tx) => {
      const first = await tx.query<{ version: number }>(
        'SELECT version FROM @schema.rows WHERE id = 1 FOR NO KEY UPDATE',
      )
      await bump(tx)
      return ok(first.rows)
    })
    expect(result._unsafeUnwrap()).toEqual([{ version: 1 }])
    expect(sent).toEqual(['begin rows', 'update rows', 'commit'])
    expect(await version()).toBe(2)
  })

  test.each([
    ['without parameters', 'SELECT 1 / 0', []],
    ['with parameters', 'SELECT 1 / $1::int', [0]],
  ])(
    'A first statement %s that fails along with BEGIN poisons the transaction',
    async (_, text, values) => {
      const result = await transaction(stores, async (tx) => {
        await tx.query(text, values).catch(() => undefined)
        return ok(1)
      })
      expect(result._unsafeUnwrapErr()).toMatchObject({
        type: 'transaction-poisoned',
        cause: { type: 'store-refused', code: '22012' },
      })
      expect(sent.at(-1)).toBe('rollback')
    },
  )

  test('A first statement that a server refuses is not taken for a refusal to tell its history', async () => {
    const result = await transaction(stores, async (tx) => {
      await tx.query('SELECT no_such_function($1::int)', [1])
      return ok(1)
    })
    expect(result._unsafeUnwrapErr()).toMatchObject({ type: 'store-refused', code: '42883' })
    expect(sent).toEqual(['select', 'rollback'])
  })

  test('Keys are held while the first statement still waits for a row', async () => {
    const cache = rowCache(direct)
    const key = `${direct.redis.keyPrefix}${cache.key(1).text}`
    const [isLocked, isHeld] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const other = transaction(direct, async (tx) => {
      await bump(tx)
      isLocked.resolve()
      await isHeld.promise
      return ok(1)
    })
    await isLocked.promise
    const waiting = transaction(stores, async (tx) => {
      tx.invalidate(cache.key(1))
      await bump(tx)
      return ok(2)
    })
    await eventually(async () => expect(await direct.redis.client.get(key)).toMatch(/^h1 /), {
      timeoutMs: 20_000,
    }).finally(isHeld.resolve)
    expect([orThrow(await other), orThrow(await waiting)]).toEqual([1, 2])
    expect(await version()).toBe(3)
  })

  test('Work that returns Err before its first statement asks nothing of the server', async () => {
    expect((await transaction(stores, () => errAsync('no'))).isErr()).toBe(true)
    expect(sent).toEqual([])
  })

  test('At the deadline a statement is cut off, rolled back, and its connection closed', async () => {
    const startedAt = performance.now()
    const result = await transaction(
      stores,
      async (tx) => {
        await bump(tx)
        await tx.query('SELECT pg_sleep(20)')
        return ok(1)
      },
      { deadlineMs: 200 },
    )
    expect(result._unsafeUnwrapErr()).toMatchObject({ type: 'deadline-exceeded', deadlineMs: 200 })
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(await version()).toBe(1)
  })

  test('What a transaction says at its deadline is its own word, not the server’s of a statement', async () => {
    const asleep = transaction(stores, async (tx) => ok(await tx.query('SELECT pg_sleep(20)')), {
      deadlineMs: 100,
    })
    await sleep(60)
    // The deadline passes while this process is busy: what the server says would be read first.
    const until = performance.now() + 100
    while (performance.now() < until);
    expect((await asleep)._unsafeUnwrapErr()).toMatchObject({
      type: 'deadline-exceeded',
      operation: 'transaction',
      deadlineMs: 100,
    })
  })

  test('A process that stalls until the server has ended its transaction says that the time was up', async () => {
    const result = await transaction(
      stores,
      async (tx) => {
        await bump(tx)
        // Longer than the deadline and the time that the server gives beyond it.
        const until = performance.now() + 900
        while (performance.now() < until);
        await bump(tx)
        return ok(1)
      },
      { deadlineMs: 300 },
    )
    expect(result._unsafeUnwrapErr()).toMatchObject({
      type: 'deadline-exceeded',
      operation: 'transaction',
      deadlineMs: 300,
    })
    expect(await version()).toBe(1)
  })

  test('A transaction ends at its deadline though its work never ends', async () => {
    const result = await transaction(stores, () => new Promise<never>(() => undefined), {
      deadlineMs: 100,
    })
    expect(result._unsafeUnwrapErr()).toMatchObject({ type: 'deadline-exceeded' })
  })

  test('The server ends a transaction whose process has fallen silent, and its locks with it', async () => {
    const silent = transaction(
      stores,
      async (tx) => {
        await bump(tx)
        proxy.hang()
        return new Promise<never>(() => undefined)
      },
      { deadlineMs: 300 },
    )
    expect((await silent).isErr()).toBe(true)
    expect(
      (
        await direct.postgres.query('UPDATE @schema.rows SET version = 7 WHERE id = 1', [], {
          deadlineMs: 20_000,
        })
      ).isOk(),
    ).toBe(true)
  })

  test('A serialization failure is retried up to maxAttempts', async () => {
    let runs = 0
    const result = await transaction(
      stores,
      async (tx) => {
        runs += 1
        await tx.query('SELECT version FROM @schema.rows WHERE id = 2')
        if (runs === 1)
          orThrow(
            await direct.postgres.query(
              'UPDATE @schema.rows SET version = version + 1 WHERE id = 2',
            ),
          )
        await bump(tx, 2)
        return ok(runs)
      },
      { isolation: 'repeatable read', maxAttempts: 3 },
    )
    expect(result._unsafeUnwrap()).toBe(2)
    expect(await version(2)).toBe(3)
  })

  test('A serialization failure after the last attempt is returned', async () => {
    const result = await transaction(
      stores,
      async (tx) => {
        await tx.query('SELECT 1')
        orThrow(
          await direct.postgres.query('UPDATE @schema.rows SET version = version + 1 WHERE id = 2'),
        )
        await bump(tx, 2)
        return ok(1)
      },
      { isolation: 'repeatable read' },
    )
    expect(result._unsafeUnwrapErr()).toMatchObject({
      type: 'serialization-failed',
      retryable: true,
    })
  })

  test('A transaction without a connection is store-unavailable', async () => {
    proxy.cut()
    const result = await transaction(stores, async () => ok(1))
    expect(result._unsafeUnwrapErr()).toMatchObject({ type: 'store-unavailable' })
  })

  test('All events are inserted by one statement along with COMMIT, and reported after it', async () => {
    const published = vi.fn()
    const off = stores.diagnostics.on('outbox:published', published)
    const event = {
      aggregateType: 'row',
      aggregateId: 1,
      type: 'row.raised',
      version: 2,
      payload: {},
    }
    orThrow(
      await transaction(stores, async (tx) => {
        tx.publish(event, event)
        tx.publish(event)
        await bump(tx)
        return ok(1)
      }),
    )
    expect(
      (
        await transaction(stores, async (tx) => {
          tx.publish(event)
          return err('no')
        })
      ).isErr(),
    ).toBe(true)
    off()
    expect(published.mock.calls).toEqual([[{ count: 3 }]])
    expect(sent.slice(0, sent.indexOf('commit') + 1)).toEqual(['update rows', 'commit'])
    expect(
      orThrow(
        await direct.postgres.query<{ count: number }>(
          'SELECT count(*)::int AS count FROM @schema.outbox',
        ),
      ).rows[0]?.count,
    ).toBe(3)
  })

  test.each([
    { deadlineMs: 0 },
    { deadlineMs: Number.NaN },
    { deadlineMs: Infinity },
    { maxAttempts: 0 },
    { maxAttempts: 1.5 },
  ])('names the rule that %o breaks', (options) => {
    expect(() => transaction(stores, async () => ok(1), options)).toThrow(TypeError)
  })
})

describe('a statement that ends the transaction', () => {
  const event = {
    aggregateType: 'row',
    aggregateId: 1,
    type: 'row.raised',
    version: 2,
    payload: {},
  }
  const isRefused = [
    'COMMIT',
    '/* audit */ COMMIT',
    '-- done\nEND',
    '; ROLLBACK AND CHAIN',
    'ABORT',
  ]
  const isNoticed = [
    'SELECT 1; COMMIT',
    'SELECT 1; ROLLBACK',
    'SELECT 1; COMMIT AND CHAIN',
    'SELECT 1; ROLLBACK AND CHAIN',
    'SELECT 1; COMMIT; BEGIN',
  ]
  const events = async (): Promise<number | undefined> =>
    orThrow(
      await direct.postgres.query<{ count: number }>(
        'SELECT count(*)::int AS count FROM @schema.outbox',
      ),
    ).rows[0]?.count
  const changeAnd = (text: string, result: 'Ok' | 'Err') =>
    transaction<string, string>(stores, async (tx) => {
      await bump(tx)
      await tx.query(text).catch(() => undefined)
      tx.publish(event)
      return result === 'Ok' ? ok('done') : err('changed my mind')
    })

  test.each(isRefused)('%j is not sent within a transaction', async (text) => {
    expect((await changeAnd(text, 'Err'))._unsafeUnwrapErr()).toBe('changed my mind')
    expect((await changeAnd(text, 'Ok'))._unsafeUnwrapErr()).toMatchObject({
      type: 'transaction-poisoned',
    })
    expect(await version()).toBe(1)
  })

  test.each(isNoticed)('%j within a transaction makes its result an error', async (text) => {
    const before = await events()
    for (const result of ['Ok', 'Err'] as const)
      expect((await changeAnd(text, result))._unsafeUnwrapErr()).toMatchObject({
        type: 'transaction-poisoned',
        message: expect.stringMatching(/ended the transaction/) as string,
      })
    expect(await events()).toBe(before)
  })

  test.each([
    'ROLLBACK TO SAVEPOINT here',
    '/* x */ ROLLBACK TO here',
    'SELECT 1; ROLLBACK WORK TO here',
    'PREPARE statement AS SELECT 1; DEALLOCATE statement',
  ])('%j leaves the transaction open', async (text) => {
    const result = await transaction(stores, async (tx) => {
      await bump(tx)
      await tx.query('SAVEPOINT here')
      await bump(tx)
      await tx.query(text)
      return ok('done')
    })
    expect(result._unsafeUnwrap()).toBe('done')
    expect(await version()).toBe(text.startsWith('PREPARE') ? 3 : 2)
  })
})

describe('a caller that aborts', () => {
  const givenUp = {
    type: 'deadline-exceeded',
    message: 'postgres: `transaction` was given up by its caller',
  }

  test('A transaction whose caller aborts during a statement rolls back, and lets its keys go', async () => {
    const cache = rowCache(direct)
    const controller = new AbortController()
    const running = transaction(
      stores,
      async (tx) => {
        tx.invalidate(cache.key(1))
        await bump(tx)
        setImmediate(() => {
          controller.abort()
        })
        await tx.query('SELECT pg_sleep(0.3)')
        return ok('done')
      },
      { signal: controller.signal },
    )
    expect((await running)._unsafeUnwrapErr()).toMatchObject(givenUp)
    expect(await version()).toBe(1)
    const key = `${direct.redis.keyPrefix}${cache.key(1).text}`
    await eventually(async () => expect(await direct.redis.client.get(key)).toBeNull())
  })

  test('A transaction whose caller aborts between statements ends at once, and its work writes no more', async () => {
    const controller = new AbortController()
    const { promise: isOver, resolve: end } = Promise.withResolvers<void>()
    let late: Promise<unknown> = Promise.resolve()
    const running = transaction(
      stores,
      async (tx) => {
        await bump(tx)
        controller.abort()
        await isOver
        late = bump(tx)
        await late
        return ok('done')
      },
      { signal: controller.signal },
    )
    expect((await running)._unsafeUnwrapErr()).toMatchObject(givenUp)
    end()
    await isOver
    await expect(late).rejects.toThrow('the transaction has ended')
    expect(await version()).toBe(1)
  })

  test('A transaction whose caller has aborted never begins, whatever its attempts', async () => {
    const work = vi.fn(async () => ok('done'))
    const options = { signal: AbortSignal.abort(), maxAttempts: 5 }
    expect((await transaction(stores, work, options))._unsafeUnwrapErr()).toMatchObject({
      type: 'deadline-exceeded',
    })
    expect([work.mock.calls.length, sent]).toEqual([0, []])
  })
})

describe('a connection lost during COMMIT', () => {
  const slow = 150
  let held: Cache<number, VersionedRow>

  beforeAll(async () => {
    orThrow(
      await direct.postgres.query(`
      CREATE FUNCTION @schema.be_slow() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_sleep(8); RETURN NEW; END $$`),
    )
    orThrow(
      await direct.postgres.query(`
      CREATE CONSTRAINT TRIGGER be_slow AFTER UPDATE ON @schema.rows DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW WHEN (OLD.version = 1 AND NEW.version = 2 AND NEW.id = ${slow})
      EXECUTE FUNCTION @schema.be_slow()`),
    )
    held = rowCache(direct)
  })

  const slowCommit = (options: TransactionOptions = {}) =>
    transaction(
      stores,
      async (tx) => {
        tx.invalidate(held.key(slow))
        await bump(tx, slow)
        return ok('done')
      },
      options,
    )
  const commitIsUnderWay = () =>
    eventually(async () => {
      const found = orThrow(
        await direct.postgres.query(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query = 'COMMIT' AND state = 'active'",
        ),
      )
      expect(found.rowCount).toBe(1)
    })
  const raw = () => direct.redis.client.get(`${direct.redis.keyPrefix}${held.key(slow).text}`)

  test('A connection lost during COMMIT is Ok when another one finds the transaction committed', async () => {
    const running = slowCommit()
    await commitIsUnderWay()
    proxy.hang()
    await eventually(async () => expect(await version(slow)).toBe(2))
    proxy.cut()
    proxy.restore()
    expect((await running)._unsafeUnwrap()).toBe('done')
    await eventually(async () => expect(await raw()).toBeNull())
  })

  test.each(['XX000', '08P01'])(
    'A COMMIT that a pooler answers with %s is Ok when the server carried it out',
    async (code) => {
      const ending = await direct.postgres.withConnection(async (connection) => {
        const { identity } = await begin(connection, transactionDefaults)
        const query = async (text: string) => {
          await connection.query(text)
          const message = 'unable to read from the backend'
          const common = { store: 'postgres', operation: 'commit', retryable: false } as const
          throw new FailureError({ type: 'store-refused', ...common, code, message })
        }
        return commit({ query, close: () => undefined } as unknown as PostgresConnection, {
          stores: direct,
          change: direct.invalidation.begin({ lifeMs: 1_000 }),
          identity,
          deadline: new Deadline({ deadlineMs: 5_000 }, () => undefined),
          insertion: insertOf([]),
        })
      })
      expect(ending).toBe('committed')
    },
  )

  test('A caller that aborts during COMMIT learns that it was carried out', async () => {
    const controller = new AbortController()
    const running = slowCommit({ signal: controller.signal })
    await commitIsUnderWay()
    controller.abort()
    expect((await running)._unsafeUnwrap()).toBe('done')
    expect(await version(slow)).toBe(2)
  })

  test('A connection lost during COMMIT is a certain error when nothing was committed', async () => {
    const running = slowCommit()
    await commitIsUnderWay()
    proxy.cut()
    proxy.restore()
    expect((await running)._unsafeUnwrapErr()).toMatchObject({ type: 'store-unavailable' })
    expect(await version(slow)).toBe(1)
    await eventually(async () => expect(await raw()).toBeNull())
  })

  test('A lost COMMIT without an answer is commit-unknown, and the keys stay held until it is known', async () => {
    const running = slowCommit()
    await commitIsUnderWay()
    proxy.cut()
    const result = await running
    expect(result._unsafeUnwrapErr()).toMatchObject({
      type: 'commit-unknown',
      retryable: false,
      transactionId: expect.stringMatching(/^\d+$/) as string,
    })
    expect(await raw()).toMatch(/^h1 /)
    await eventually(async () => expect(await version(slow)).toBe(2))
    proxy.restore()
    await eventually(async () => expect(await raw()).toBeNull())
    expect(await version(slow)).toBe(2)
  })
})
