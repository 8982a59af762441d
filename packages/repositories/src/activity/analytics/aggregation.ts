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

/** The condition that a timestamp lies in a period. */
export function within({ from, to }: Period): Document {
  return { $gte: from, $lt: to }
}

/** The day of a document, in UTC. */
export const day = { $dateTrunc: { date: '$timestamp', unit: 'day' } }
