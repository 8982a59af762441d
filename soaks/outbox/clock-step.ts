import { onDatabase } from '../run/postgres-faults.ts'

/**
 * Sets the clock of PostgreSQL forward by some minutes, or back when there are fewer than none: all
 * that it has stored is that much older, or comes from the future.
 */
export async function stepClock(postgresUrl: string, minutes: number): Promise<void> {
  await onDatabase(postgresUrl, (client) =>
    client.query(
      `BEGIN; LOCK TABLE ${Object.keys(moments).join()} IN EXCLUSIVE MODE; ${shifts(minutes)}; COMMIT`,
    ),
  )
}

const moments: Readonly<Record<string, readonly string[]>> = {
  outbox: ['created_at'],
  outbox_tick: ['at'],
  outbox_cursor: ['lease_until', 'leased_at'],
  outbox_owner: ['seen_until', 'seen_at'],
  outbox_failure: ['next_at', 'failed_at'],
}

function shifts(minutes: number): string {
  return Object.entries(moments)
    .map(([table, columns]) => {
      const shifted = columns.map((column) => `${column} = ${column} - interval '${minutes} min'`)
      return `UPDATE ${table} SET ${shifted.join()}`
    })
    .join(';')
}
