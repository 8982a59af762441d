import type { Stores } from '@headwater/core'
import { type Sight, selectSight } from '../doctor/session-queries.ts'
import { valueOf } from './command.ts'

/** What lets a role see the sessions of others; `undefined` for one that does: 1 round trip. */
export async function missingGrant({ postgres }: Stores): Promise<string | undefined> {
  const [sight] = valueOf(await postgres.query<Sight>(selectSight)).rows
  return sight?.sees_all === true ? undefined : `GRANT pg_read_all_stats TO ${sight?.role ?? 'it'}`
}

/** Says below a list that it has only what the role may see. */
export function limitedSight(grant: string | undefined): readonly string[] {
  return grant === undefined ? [] : [`Only sessions that this role may see: ${grant}`]
}
