import { orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { expect, test } from 'vitest'
import { rowCache, versionedRows, versionOf } from '../cache/versioned-rows.ts'

const intents = 30_000
// As a writer leaves it that could reach Redis neither before nor after its commit. Autovacuum has
// long analysed the table of such an outage.
const leaveIntents = `
  INSERT INTO @schema.invalidation_intent (id, prefix, keys, is_held, has_ended, created_at)
  SELECT 'i' || id, $1, ARRAY['row:' || id], false, true, clock_timestamp() - interval '9 min'
  FROM generate_series(1, $2::int) AS id`

test('Thirty thousand intents of a long outage are settled by three statements, and no key is left', async () => {
  const rows = await versionedRows()
  const writer = await rows.open({ invalidation: { lookEveryMs: 3_600_000 } })
  const cache = rowCache(writer)
  await eventually(async () => {
    await versionOf(cache, 7)
    const before = cache.loads.length
    await versionOf(cache, 7)
    expect(cache.loads).toHaveLength(before)
  })
  orThrow(await writer.postgres.query(leaveIntents, [rows.own.redis.prefix, intents]))
  orThrow(await writer.postgres.query('ANALYZE @schema.invalidation_intent'))
  orThrow(await writer.postgres.query('UPDATE @schema.rows SET version = 2 WHERE id = 7'))

  const late = await rows.open({ invalidation: { lookEveryMs: 3_600_000 } })
  let deletions = 0
  late.diagnostics.on('store:operation', ({ operation }) => {
    if (operation === 'delete invalidation_intent') deletions += 1
  })
  await eventually(() => expect(late.invalidation.isOpen).toBe(true), { timeoutMs: 30_000 })
  expect(deletions).toBeLessThanOrEqual(3)
  expect(await versionOf(rowCache(late), 7)).toBe(2)
  await rows.dispose()
})
