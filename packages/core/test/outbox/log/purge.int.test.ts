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

/**
 * A log that every sink has passed, and a session with a snapshot from before its purge, so that
 * nothing deleted can be cleared away.
 */
async function passed(fixture: OutboxFixture): Promise<void> {
  for (let part = 0; part < 4; part += 1)
    await fixture.publish(
      ...Array.from({ length: count / 4 }, (_, version) => change(version % 100, version)),
    )
  await nothingOlder(fixture)
  orThrow(await fixture.relay([recordingSink()]).drain({ deadlineMs: 120_000 }))
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
})
