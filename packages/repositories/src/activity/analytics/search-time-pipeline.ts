import type { Document } from 'mongodb'
import type { Period } from './activity-figures.ts'
import { type Aggregation, within } from './aggregation.ts'

/**
 * The median without `$median`, which MongoDB has only from version 7 on. Durations are counted by
 * tenths of a millisecond, and the counts are summed up to the middle. Index: `timestamp`.
 */
export function medianSearchTime(period: Period): Aggregation {
  return {
    collection: 'search_logs',
    pipeline: [
      { $match: { timestamp: within(period), search_duration_ms: { $exists: true } } },
      ...countDurations,
      findMiddle,
      {
        $project: {
          searches: 1,
          medianMs: { $divide: [{ $add: ['$middle.lower', '$middle.upper'] }, 2] },
        },
      },
    ],
  }
}

/** One document: the number of searches, and the count of each duration in order. */
const countDurations: readonly Document[] = [
  { $group: { _id: { $round: ['$search_duration_ms', 1] }, searches: { $sum: 1 } } },
  { $sort: { _id: 1 } },
  {
    $group: {
      _id: null,
      searches: { $sum: '$searches' },
      counts: { $push: { ms: '$_id', searches: '$searches' } },
    },
  },
]

const seen = { $add: ['$$value.seen', '$$this.searches'] }

/** Adds the durations of the two searches in the middle, which are one for an odd number. */
const findMiddle: Document = {
  $project: {
    _id: 0,
    searches: 1,
    middle: {
      $reduce: {
        input: '$counts',
        initialValue: { seen: 0, lower: null, upper: null },
        in: {
          seen,
          lower: durationAt('lower', { $ceil: { $divide: ['$searches', 2] } }),
          upper: durationAt('upper', { $add: [{ $floor: { $divide: ['$searches', 2] } }, 1] }),
        },
      },
    },
  },
}

/** Keeps the first duration at which `rank` searches have been seen. */
function durationAt(field: 'lower' | 'upper', rank: Document): Document {
  const isReached = { $and: [{ $eq: [`$$value.${field}`, null] }, { $gte: [seen, rank] }] }
  return { $cond: [isReached, '$$this.ms', `$$value.${field}`] }
}
