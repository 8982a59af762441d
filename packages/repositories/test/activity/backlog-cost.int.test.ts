import { ok, orThrow, transaction } from '@headwater/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { selectBacklog } from '../../src/activity/activity-queries.ts'
import { openFixture, type RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture

beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.dispose())

/** How PostgreSQL runs statements while very much waits, which no other session sees. */
async function plansOf(...texts: readonly string[]): Promise<readonly string[]> {
  const planned = await transaction(
    fixture.stores,
    async (tx) => {
      await tx.query(`
        INSERT INTO @schema.activity_spill (origin, entry)
        SELECT '00000000-0000-4000-8000-000000000000', '{}' FROM generate_series(1, 20000)`)
      await tx.query('ANALYZE @schema.activity_spill')
      const plans: string[] = []
      for (const text of texts) {
        const { rows } = await tx.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`)
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
      }
      await tx.query('DELETE FROM @schema.activity_spill')
      return ok(plans)
    },
    { deadlineMs: 60_000 },
  )
  return orThrow(planned)
}

test('How much activity waits is read from both ends of an index, however much waits', async () => {
  // The control orders by a column of its output, which no index has.
  const control = selectBacklog.replaceAll('ORDER BY activity_spill.seq', 'ORDER BY seq')
  const [plan, controlPlan] = await plansOf(selectBacklog, control)
  expect(plan).not.toMatch(/Seq Scan|Sort/)
  expect(controlPlan).toMatch(/Seq Scan|Sort/)
})
