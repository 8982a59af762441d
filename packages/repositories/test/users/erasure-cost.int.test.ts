import { ok, orThrow, transaction } from '@headwater/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eraseUser, pseudonymiseLetters } from '../../src/users/erasure-queries.ts'
import { openFixture, type RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture

beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.dispose())

const waiting = 20_000

async function run(text: string, values: readonly unknown[] = []) {
  return orThrow(await fixture.stores.postgres.query(text, values)).rows
}

/** How PostgreSQL finds what a statement changes, were no table small enough to be read whole. */
async function planOf(text: string, values: readonly unknown[]): Promise<string> {
  const planned = await transaction(fixture.stores, async (tx) => {
    await tx.query('SET LOCAL enable_seqscan = off')
    return ok((await tx.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, values)).rows)
  })
  return orThrow(planned)
    .map((row) => row['QUERY PLAN'])
    .join('\n')
}

test('What waits of one user is found by an index, however much waits', async () => {
  const { id } = await fixture.newUser()
  await run(`INSERT INTO @schema.outbox_sink (sink, mode, types) VALUES ('away', 'log', '{}')`)
  await run(
    `INSERT INTO @schema.outbox_failure (
      sink, seq, shard, aggregatetype, aggregateid, event, status, fingerprint
    )
    SELECT 'away', n, 0, 'user', n, jsonb_build_object(
      'type', 'enrollment.created', 'payload', jsonb_build_object('userId', $1::integer + n)
    ), 'dead', 'x'
    FROM generate_series(0, $2::integer) AS n`,
    [id, waiting],
  )
  await run('ANALYZE @schema.outbox_failure')
  expect(await planOf(pseudonymiseLetters, [id, -1])).toContain('outbox_failure_user_ids_idx')
  expect(await planOf(eraseUser, [id, -1])).toContain('activity_spill_user_id_idx')

  orThrow(await fixture.users.delete(id))
  const found = await run(
    `SELECT 1 FROM @schema.outbox_failure WHERE event @> jsonb_build_object(
      'payload', jsonb_build_object('userId', $1::integer)
    )`,
    [id],
  )
  expect(found).toEqual([])
})
