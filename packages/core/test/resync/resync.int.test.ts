import {
  connect,
  defineCache,
  defineSink,
  orThrow,
  type Resyncable,
  type RestorePoint,
  okAsync,
  errAsync,
  rebuild,
  resync,
  type Stores,
} from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readRestoredLog } from '../../src/outbox/after-restore.ts'
import { change, recordingSink, useOutbox } from '../outbox/outbox-fixture.ts'
import { type SessionFixture, sessionFixture } from '../sessions/session-fixture.ts'
import { findingsOf, restoreNow } from './resync-fixture.ts'

let fixture: SessionFixture
let stores: Stores

beforeAll(async () => {
  fixture = await sessionFixture()
  ;({ stores } = await fixture.open())
})
afterAll(() => fixture.dispose())

describe('caches', () => {
  const numbers = (of: Stores) =>
    defineCache<number, { readonly text: string }>(of, {
      name: 'resync-number',
      ttlMs: 60_000,
      load: async (ids) => {
        const { rows } = orThrow(
          await of.postgres.query<{ id: number; text: string }>(
            'SELECT id, text FROM numbers WHERE id = ANY ($1::int[])',
            [ids],
          ),
        )
        return new Map(rows.map(({ id, text }) => [id, { text }]))
      },
    })

  test('No process answers with an entry that was stored before a resync, near values included', async () => {
    orThrow(await stores.postgres.query('CREATE TABLE numbers (id int PRIMARY KEY, text text)'))
    orThrow(await stores.postgres.query("INSERT INTO numbers VALUES (1, 'of a lost future')"))
    const { stores: other } = await fixture.open({ near: { maxBytes: 1_000_000 } })
    const [own, near] = [numbers(stores), numbers(other)]
    await eventually(() => stores.invalidation.isOpen && other.invalidation.isOpen)
    orThrow(await own.get(1))
    await eventually(async () => {
      orThrow(await near.get(1))
      return near.peek(1) !== undefined
    })
    // A restore changes rows and invalidates nothing.
    orThrow(await stores.postgres.query("UPDATE numbers SET text = 'restored'"))
    expect(orThrow(await own.get(1))).toEqual({ text: 'of a lost future' })
    expect(near.peek(1)).toEqual({ text: 'of a lost future' })

    orThrow(await resync(stores, restoreNow()))
    expect(orThrow(await own.get(1))).toEqual({ text: 'of a lost future' })

    orThrow(await resync(stores, restoreNow({ apply: true })))
    expect(orThrow(await own.get(1))).toEqual({ text: 'restored' })
    await eventually(async () => {
      expect(orThrow(await near.get(1))).toEqual({ text: 'restored' })
    })
  })
})

describe('parts', () => {
  const fixtures: SessionFixture[] = []
  const isolated = async (): Promise<SessionFixture> => {
    const own = await sessionFixture()
    fixtures.push(own)
    return own
  }
  afterAll(() => Promise.all(fixtures.map((own) => own.dispose())))

  const part = (name: string, apply: Resyncable['afterLoss']): Resyncable => ({
    name,
    store: 'mongodb',
    afterRestore: apply,
    afterLoss: apply,
  })
  const done: string[] = []
  const good = part('good', () => ({
    plan: () => okAsync([]),
    apply: () => {
      done.push('good')
      return okAsync([{ what: 'things', count: 3, outcome: 'set-aside' }])
    },
  }))
  const away = { type: 'store-unavailable', message: 'away', retryable: true }
  const bad = part('bad', () => ({ plan: () => okAsync([]), apply: () => errAsync(away) }))

  test('Every part is tried; a failure names those that failed and has the report of all', async () => {
    const failure = (
      await resync(stores, restoreNow({ parts: [bad, good], apply: true }))
    )._unsafeUnwrapErr()
    expect(failure).toMatchObject({ type: 'resync-incomplete', retryable: true })
    expect(failure.message).toContain('bad (store-unavailable)')
    expect(done).toEqual(['good'])
    expect(failure.report.parts.map((found) => found.part)).toEqual([
      'caches',
      'sessions',
      'outbox',
      'bad',
      'good',
      'sinks',
    ])
  })

  test('A rebuild asks the parts of the lost store alone', async () => {
    const report = orThrow(await rebuild(stores, { store: 'mongodb', parts: [good], apply: true }))
    expect(report.parts.map((found) => found.part)).toEqual(['good'])
    const redis = orThrow(await rebuild(stores, { store: 'redis', parts: [good] }))
    expect(redis.parts.map((found) => found.part)).toEqual(['caches', 'sessions'])
    expect(findingsOf(redis, 'sessions')).toContainEqual(
      expect.objectContaining({ outcome: 'lost' }),
    )
  })

  test('A failure that no repetition mends is not retryable', async () => {
    const refused = part('refused', () => ({
      plan: () => okAsync([]),
      apply: () => errAsync({ type: 'not-lost', message: 'still there', retryable: false }),
    }))
    const failureOf = async (parts: readonly Resyncable[]) =>
      (await rebuild(stores, { store: 'mongodb', parts, apply: true }))._unsafeUnwrapErr()
    const failure = await failureOf([refused])
    expect(failure).toMatchObject({ type: 'resync-incomplete', retryable: false })
    expect(failure.message).toContain('refused (not-lost)')
    expect(await failureOf([refused, bad])).toMatchObject({ retryable: true })
  })

  test('Where the log cannot be read, only the parts fail that need it', async () => {
    const reading = part('reading', () => ({ plan: () => okAsync([]), apply: () => okAsync([]) }))
    const parts: readonly Resyncable[] = [
      {
        ...reading,
        afterRestore: ({ readLog }) => ({
          plan: () => readLog().map(() => []),
          apply: () => readLog().map(() => []),
        }),
      },
      good,
    ]
    const { stores: own } = await (await isolated()).open()
    orThrow(await own.postgres.query('ALTER TABLE @schema.outbox RENAME TO outbox_away'))
    const failure = (await resync(own, restoreNow({ parts, apply: true })))._unsafeUnwrapErr()
    const failed = failure.report.parts.filter(({ failure: why }) => why !== undefined)
    expect(failed.map((found) => found.part)).toEqual(['outbox', 'reading'])
  })
})

describe('sinks', () => {
  test('A sink hears of a restore when it is carried out, not when it is planned', async () => {
    const heard: RestorePoint[] = []
    const sink = defineSink({
      name: 'warehouse',
      types: ['*'],
      mode: 'log',
      handle: async () => undefined,
      restored: async (point) => void heard.push(point),
    })
    const restore = restoreNow({ sinks: [sink] })
    orThrow(await resync(stores, restore))
    expect(heard).toEqual([])
    orThrow(await resync(stores, { ...restore, apply: true }))
    const { restoredTo, openedAt } = restore
    expect(heard).toEqual([{ restoredTo, openedAt }])
  })

  test('A sink that throws when it is told makes the resync incomplete', async () => {
    const sink = defineSink({
      name: 'warehouse',
      types: ['*'],
      mode: 'log',
      handle: async () => undefined,
      restored: () => Promise.reject(new Error('no')),
    })
    const failure = (
      await resync(stores, restoreNow({ sinks: [sink], apply: true }))
    )._unsafeUnwrapErr()
    expect(failure.message).toContain('sinks (sink-failed)')
  })
})

describe('the outbox', () => {
  const open = useOutbox()

  test('Fences exceed all that owners of a lost future had, and events go on in order', async () => {
    const outbox = await open()
    const sink = recordingSink()
    const relay = outbox.relay([sink])
    await outbox.publish(change(1, 1))
    orThrow(await relay.drain())
    const fences = async () =>
      (
        await outbox.rows<{ fence: string }>(
          'SELECT min(fence) AS fence FROM @schema.outbox_cursor',
        )
      ).map(({ fence }) => Number(fence))[0] ?? 0
    const before = await fences()
    orThrow(await resync(outbox.stores, restoreNow({ apply: true })))
    expect(await fences()).toBeGreaterThanOrEqual(before + 1_000_000)
    await outbox.publish(change(1, 2), change(1, 3))
    orThrow(await relay.drain())
    expect(sink.seen.slice(-2)).toEqual(['1@2', '1@3'])
  })

  test('Events that a sink may have had already are counted as repeated', async () => {
    const outbox = await open()
    const relay = outbox.relay([recordingSink()])
    orThrow(await relay.drain())
    orThrow(await relay.stop())
    await outbox.publish(change(1, 1), change(2, 1))
    const plan = orThrow(await resync(outbox.stores, restoreNow()))
    expect(findingsOf(plan, 'outbox')).toContainEqual(
      expect.objectContaining({ count: 2, outcome: 'repeated' }),
    )
  })

  test('Positions of another server count nothing in a plan; a resync delivers what was not taken', async () => {
    const outbox = await open()
    const sink = recordingSink()
    const relay = outbox.relay([sink])
    await outbox.publish(change(1, 1), change(2, 1))
    orThrow(await relay.drain())
    orThrow(await relay.stop())
    await outbox.publish(change(1, 2))
    // As on a server that has not reached the transaction ids of the one that wrote them.
    await outbox.rows(`UPDATE @schema.outbox SET xid = '4000000000000' WHERE version = 2`)

    const plan = findingsOf(orThrow(await resync(outbox.stores, restoreNow())), 'outbox')
    expect(plan.map(({ count, outcome }) => [count, outcome])).toEqual([
      [undefined, 'repeated'],
      [undefined, 'rebuilt'],
      [64, 'passed-over'],
    ])
    const applied = orThrow(await resync(outbox.stores, restoreNow({ apply: true })))
    expect(findingsOf(applied, 'outbox').map(({ count, outcome }) => [count, outcome])).toEqual([
      [1, 'repeated'],
      [undefined, 'rebuilt'],
      [64, 'passed-over'],
    ])
    const heir = outbox.relay([sink])
    orThrow(await heir.drain())
    expect(sink.seen).toEqual(['1@1', '2@1', '1@2'])
  })

  test('The log is read however long that takes', async () => {
    const outbox = await open()
    const brief = orThrow(
      await connect({
        postgres: { url: outbox.url, schema: outbox.schema, statementTimeoutMs: 500 },
        redis: { url: 'redis://127.0.0.1:1' },
      }),
    )
    const [id = ''] = await outbox.publish(change(1, 1))
    const blocker = await outbox.session()
    await blocker.run('BEGIN; LOCK TABLE @schema.outbox IN ACCESS EXCLUSIVE MODE')
    const span = { from: new Date(0), until: new Date(Date.now() + 60_000) }
    const reading = Promise.resolve(readRestoredLog(brief, span))
    const startedMs = performance.now()
    await eventually(() => performance.now() > startedMs + 2_000)
    await blocker.run('COMMIT')
    expect(orThrow(await reading).has(id)).toBe(true)
    orThrow(await brief.close())
  })
})

test('Options that make no sense are refused by name', () => {
  const at = new Date()
  const earlier = new Date(at.getTime() - 1)
  expect(() => resync(stores, { restoredTo: at, openedAt: earlier })).toThrow(/openedAt/)
  expect(() => resync(stores, { restoredTo: 'today' as never, openedAt: at })).toThrow(/restoredTo/)
  expect(() => rebuild(stores, { store: 'postgres' as never })).toThrow(/store/)
})
