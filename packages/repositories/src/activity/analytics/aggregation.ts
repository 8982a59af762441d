import type { Document } from 'mongodb'
import type { collectionIndexes } from '../collections.ts'
import type { Period } from './activity-figures.ts'

/** An aggregation; its first stage bounds an index of the collection. */
export interface Aggregation {
  /** The collection it starts from. */
  readonly collection: keyof typeof collectionIndexes
  /** Its stages. */
  readonly pipeline: readonly Document[]
}

/** A period, and the zone in which its days begin. */
export interface CalendarPeriod extends Period {
  /** An IANA name or an offset. */
  readonly timeZone: string
}

/** The condition that a timestamp lies in a period. */
export function within({ from, to }: Period): Document {
  return { $gte: from, $lt: to }
}

/** The start of the day or the week of a document in a time zone; weeks begin on Monday. */
export function startOf(unit: 'day' | 'week', timezone: string): Document {
  const startOfWeek = unit === 'week' ? { startOfWeek: 'monday' } : {}
  return { $dateTrunc: { date: '$timestamp', unit, timezone, ...startOfWeek } }
}
