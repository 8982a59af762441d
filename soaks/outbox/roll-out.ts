import { setTimeout } from 'node:timers/promises'
import type { Stores } from '@headwater/core'
import type { Changes } from './changes.ts'
import type { Fleet } from './fleet.ts'
import { sinkNames, typesOf } from './sinks.ts'

/** The participants of a rolling deployment. */
export interface RollOut {
  readonly fleet: Fleet
  readonly stores: Stores
  readonly changes: Changes
}

const startShare = 0.25
const pauseShare = 0.2
const registeredMs = 120_000
const moveOnMs = 20_000

/**
 * Replaces one relay after the other by a relay of the new release, while those of the old one go
 * on, are killed and start again. Writers use the new type as soon as the first new relay has
 * registered it. Resolves to whether that happened.
 */
export async function rollOut({ fleet, stores, changes }: RollOut, ms: number): Promise<boolean> {
  await setTimeout(ms * startShare)
  const [first, ...others] = fleet.slots
  await first?.upgrade()
  if (!(await isRegistered(stores))) return false
  changes.flag()
  await others.at(-1)?.crash()
  await moveOn(stores)
  for (const slot of others) {
    await setTimeout(ms * pauseShare)
    await slot.upgrade()
  }
  return true
}

function isRegistered(stores: Stores): Promise<boolean> {
  const sql = `
    SELECT count(*) = ${sinkNames.length} AS "isSo" FROM @schema.outbox_sink WHERE types = $1`
  return eventually(stores, sql, { values: [typesOf.new], ms: registeredMs })
}

/**
 * Waits until every sink has moved on in every shard, by whichever release, but not for ever: on a
 * busy machine one relay alone may stay behind its writers.
 */
async function moveOn(stores: Stores): Promise<void> {
  const note = await stores.postgres.query<{ newest: string }>(
    'SELECT max(id)::text AS newest FROM @schema.outbox_tick',
  )
  const newest = note.map(({ rows }) => rows[0]?.newest ?? '0').unwrapOr('0')
  const sql = 'SELECT min(tick) > $1 AS "isSo" FROM @schema.outbox_cursor'
  await eventually(stores, sql, { values: [newest], ms: moveOnMs })
}

async function eventually(
  stores: Stores,
  sql: string,
  { values, ms }: { readonly values: readonly unknown[]; readonly ms: number },
): Promise<boolean> {
  for (const endMs = performance.now() + ms; performance.now() < endMs;) {
    const found = await stores.postgres.query<{ isSo: boolean | null }>(sql, values)
    if (found.map(({ rows }) => rows[0]?.isSo === true).unwrapOr(false)) return true
    await setTimeout(50)
  }
  return false
}
