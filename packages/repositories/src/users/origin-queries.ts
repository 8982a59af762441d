import type { StoredMetadata } from '../activity/sealed/activity-sealing.ts'
import type { SealedFields } from '../encryption/sealed-fields.ts'

/** The requests that registrations came with. $1 users. */
export const selectOrigins = `
  SELECT user_id, ip_address, user_agent, referrer, sealed
  FROM @schema.user_origin
  WHERE user_id = ANY ($1::integer[])`

/** $1 users. */
export const deleteOrigins = `
  DELETE FROM @schema.user_origin
  WHERE user_id = ANY ($1::integer[])`

/** Deletes what no sink has taken for long. $1 days. */
export const deleteOldOrigins = `
  DELETE FROM @schema.user_origin
  WHERE registered_at < clock_timestamp() - make_interval(secs => $1::double precision * 86400)`

/** A row of {@link selectOrigins}. */
export interface OriginRow {
  readonly user_id: number
  readonly ip_address: string | null
  readonly user_agent: string | null
  readonly referrer: string | null
  readonly sealed: SealedFields | null
}

/** Reads a row. */
export function toMetadata(row: OriginRow): StoredMetadata {
  return {
    ipAddress: row.ip_address ?? undefined,
    userAgent: row.user_agent ?? undefined,
    referrer: row.referrer ?? undefined,
    ...(row.sealed === null ? {} : { sealed: row.sealed }),
  }
}
