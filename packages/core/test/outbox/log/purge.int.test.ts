import { describe, expect, test } from 'vitest'
import { orThrow, type SqlClient } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { purge } from '../../../src/outbox/log/purge.ts'
import { readNarrow } from '../../../src/outbox/log/read-events.ts'
import { advance } from '../../../src/outbox/log/tick.ts'
import {
  change,
  nothingOlder,
  recordingSink,
  type Session,
  useOutbox,
  type OutboxFixture,
} from '../outbox-fixture.ts'

const open = useOutbox()
const count = 20_000

/** The pages that a statement looks at. */
async function pagesOf(
  fixture: OutboxFixture,
  text: string,
  values: readonly unknown[],
): Promise<number> {
  const [row] = await fixture.rows<{
    'QUERY PLAN': readonly [{ Plan: { 'Shared Hit Blocks': number; 'Shared Read Blocks': number } }]
  }>(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, values)
  const plan = row?.['QUERY PLAN'][0].Plan
  return (plan?.['Shared Hit Blocks'] ?? 0) + (plan?.['Shared Read Blocks'] ?? 0)
}

/** What the statements of one transaction do to the log. */
interface Reading {
  /** The scans of it, and of its indexes, that they begin. */
  readonly scans: number
  /** The rows that these scans return. */
  readonly rows: number
}

async function readingOf(session: Session, ...statements: readonly string[]): Promise<Reading> {
  await session.run('BEGIN')
  const before = await readUntilNow(session)
  for (const text of statements) await session.run(text)
  const after = await readUntilNow(session)
  await session.run('ROLLBACK')
  return { scans: after.scans - before.scans, rows: after.rows - before.rows }
}

async function readUntilNow(session: Session): Promise<Reading> {
  const [row] = await session.run<{ scans: number; rows: number }>(`
    SELECT (seq_scan + idx_scan)::int AS scans, (seq_tup_read + idx_tup_fetch)::int AS rows
    FROM pg_stat_xact_all_tables WHERE relid = '@schema.outbox'::regclass`)
  return row ?? { scans: 0, rows: 0 }
}

/** Lets so many statements pass, and fails the others as a process that dies. */
function dyingAfter(client: SqlClient, statements: number): SqlClient {
  let left = statements
  return {
    query: async (text, values) => {
      left -= 1
      if (left < 0) throw new Error('the process is gone')
      return client.query(text, values)
    },
  }
}

/** Notes the statements that pass through. */
function noting(client: SqlClient): SqlClient & {
  readonly statements: { readonly text: string; readonly values: readonly unknown[] }[]
} {
  const statements: { text: string; values: readonly unknown[] }[] = []
  return {
    statements,
    query: (text, values = []) => {
      statements.push({ text, values })
      return client.query(text, values)
    },
  }
}

/** A log that every sink has passed, without a relay. */
async function delivered(fixture: OutboxFixture, total = count): Promise<void> {
  for (let part = 0; part < 4; part += 1)
    await fixture.publish(
      ...Array.from({ length: total / 4 }, (_, version) => change(version % 100, version)),
    )
  await nothingOlder(fixture)
  const relay = fixture.relay([recordingSink()])
  orThrow(await relay.drain({ deadlineMs: 120_000 }))
  orThrow(await relay.stop())
}

/**
 * The same, and a session with a snapshot from before its purge, so that nothing deleted can be
 * cleared away.
 */
async function passed(fixture: OutboxFixture): Promise<void> {
  await delivered(fixture)
  const holder = await fixture.session()
  await holder.run('BEGIN ISOLATION LEVEL REPEATABLE READ')
  await holder.run('SELECT count(*) FROM @schema.outbox')
}

describe('the purge', () => {
  test('Readers skip purged rows even while an old snapshot keeps them, unlike a reader from the start', async () => {
    const fixture = await open()
    const { client } = fixture.stores.postgres
    await passed(fixture)
    expect(await purge(client, { retentionMs: 0 })).toBe(count)
    const { newest: from } = await advance(client, { gapMs: 0, maxEvents: 0 })
    await fixture.publish(...Array.from({ length: 20 }, (_, version) => change(version, 1)))
    let to = from
    // While another session makes a tick, the newest one stays what it was.
    await eventually(async () => {
      ;({ newest: to } = await advance(client, { gapMs: 0, maxEvents: 0 }))
      return to.id > from.id
    })
    const noted = noting(client)
    const { events } = await readNarrow(
      noted,
      {
        from,
        to,
        afterSeq: 0n,
        shards: Array.from({ length: 64 }, (_, shard) => shard),
        types: ['*'],
      },
      1_000,
    )
    expect(events).toHaveLength(20)
    const [read] = noted.statements
    expect(await pagesOf(fixture, read?.text ?? '', read?.values ?? [])).toBeLessThan(60)
    expect(
      await pagesOf(fixture, 'SELECT * FROM @schema.outbox ORDER BY outbox.seq LIMIT 20', []),
    ).toBeGreaterThan(400)
  })

  test('The purge walks no row twice that it has deleted, unlike a statement from the start', async () => {
    const fixture = await open()
    const { client } = fixture.stores.postgres
    await passed(fixture)
    const noted = noting(client)
    expect(await purge(noted, { retentionMs: 0 })).toBe(count)
    const [first, ...later] = noted.statements.slice(0, -1)
    expect(later).toHaveLength(4)
    const pages = await pagesOf(fixture, first?.text ?? '', first?.values ?? [])
    const last = later.at(-1)
    expect(await pagesOf(fixture, last?.text ?? '', last?.values ?? [])).toBeLessThan(pages / 2)
  })

  test.each([200, count])(
    'A purge scans a log of %i events once and reads no row that it leaves, by old and by new statistics',
    async (total) => {
      const fixture = await open()
      const rows = (text: string) => fixture.rows(text)
      // Autovacuum would renew the statistics.
      await rows('ALTER TABLE @schema.outbox SET (autovacuum_enabled = off)')
      await rows('ANALYZE @schema.outbox')
      await delivered(fixture, total)
      const session = await fixture.session()
      const most = total / 4
      const purging = `SELECT * FROM @schema.outbox_purge(0, ${most}, '0')`
      expect(await readingOf(session, purging)).toEqual({ scans: 1, rows: most })
      await rows('ANALYZE @schema.outbox')
      expect(await readingOf(session, purging)).toEqual({ scans: 1, rows: most })
      const joined = `
        DELETE FROM @schema.outbox
        USING (SELECT seq FROM @schema.outbox ORDER BY xid LIMIT ${most}) AS old
        WHERE outbox.seq = old.seq`
      expect((await readingOf(session, joined)).scans).toBeGreaterThan(1)
    },
  )

  test('A purge whose process dies half-way is finished by the next one, and takes nothing undelivered', async () => {
    const fixture = await open()
    const { client } = fixture.stores.postgres
    await delivered(fixture)
    await fixture.publish(change('next', 1))
    await expect(purge(dyingAfter(client, 2), { retentionMs: 0 })).rejects.toThrow(/gone/)
    expect(await purge(client, { retentionMs: 0 })).toBe(count - 10_000)
    const left = await fixture.rows('SELECT aggregateid FROM @schema.outbox')
    expect(left).toEqual([{ aggregateid: 'next' }])
  })

  test('A purge deletes nothing while another one is under way, and waits for none', async () => {
    const fixture = await open()
    const { client } = fixture.stores.postgres
    const other = await fixture.session()
    await delivered(fixture, 200)
    await other.run('BEGIN')
    await other.run(`SELECT * FROM @schema.outbox_purge(0, 0, '0')`)
    expect(await purge(client, { retentionMs: 0 })).toBe(0)
    await other.run('COMMIT')
    expect(await purge(client, { retentionMs: 0 })).toBe(200)
  })

  test('A writer with an open transaction waits for no purge, and no purge for it', async () => {
    const fixture = await open()
    const writer = await fixture.session()
    await delivered(fixture)
    await writer.run('BEGIN')
    await writer.publish(change('open', 1))
    const others = await Promise.all([fixture.connect(), fixture.connect()])
    const purged = await Promise.all(
      [fixture.stores, ...others].map(({ postgres }) => purge(postgres.client, { retentionMs: 0 })),
    )
    const rest = await purge(fixture.stores.postgres.client, { retentionMs: 0 })
    expect(purged.reduce((sum, deleted) => sum + deleted, rest)).toBe(count)
    await writer.publish(change('open', 2))
    await writer.run('COMMIT')
    expect(await fixture.rows('SELECT version::int FROM @schema.outbox ORDER BY seq')).toEqual([
      { version: 1 },
      { version: 2 },
    ])
  })
})
