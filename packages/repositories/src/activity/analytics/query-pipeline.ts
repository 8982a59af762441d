import type { Period } from './activity-figures.ts'
import { type Aggregation, within } from './aggregation.ts'

/** Queries by their number of searches. Index: `timestamp`. */
export function queriesByCount(period: Period, limit: number, resultsCount?: 0): Aggregation {
  const searched = {
    timestamp: within(period),
    // A click whose search has not been written yet has no query.
    query: { $exists: true },
    ...(resultsCount !== undefined && { results_count: resultsCount }),
  }
  return {
    collection: 'search_logs',
    pipeline: [
      { $match: searched },
      { $group: { _id: '$query', searches: { $sum: 1 }, lastAt: { $max: '$timestamp' } } },
      { $sort: { searches: -1, _id: 1 } },
      { $limit: limit },
      { $project: { _id: 0, query: '$_id', searches: 1, lastAt: 1 } },
    ],
  }
}
