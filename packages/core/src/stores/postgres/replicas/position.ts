import { invalidField } from '../../../input.ts'
import type { InvalidInput } from '../../../errors.ts'
import { err, ok, type Result } from '../../../result.ts'

/** A place in the log of one history of PostgreSQL. */
export interface Position {
  /** The identifier of the system, which a primary and its standbys share. */
  readonly system: string
  /** The timeline; a promotion begins a new one. */
  readonly timeline: number
  /** The place itself: bytes of the log in front of it. */
  readonly lsn: bigint
}

const pattern = /^1\.(-?\d{1,20})\.([\da-f]{1,8})\.([\da-f]{1,16})$/

/** A position as a text for URLs, headers and cookies: version, system, timeline, place. */
export function positionText({ system, timeline, lsn }: Position): string {
  return ['1', system, timeline.toString(16), lsn.toString(16)].join('.')
}

/** Reads what {@link positionText} wrote; `field` names it in the failure. */
export function parsePosition(text: unknown, field: string): Result<Position, InvalidInput> {
  const found = typeof text === 'string' ? pattern.exec(text) : null
  const [, system, timeline = '', lsn = ''] = found ?? []
  if (system === undefined) return err(invalidField(field, 'is not a position of PostgreSQL'))
  return ok({ system, timeline: parseInt(timeline, 16), lsn: BigInt(`0x${lsn}`) })
}

/** Whether two positions can be compared. */
export function isSameHistory(one: Position, other: Position): boolean {
  return one.system === other.system && one.timeline === other.timeline
}

/** Reads a `pg_lsn`, for instance `16/B374D848`. */
export function lsnOf(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/')
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

/** Writes a `pg_lsn`. */
export function lsnText(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`
}
