import type { Document } from 'mongodb'
import type { Period } from './activity-figures.ts'
import { type Aggregation, within } from './aggregation.ts'

/**
 * Clicks per position. Searches are first counted by their number of results and the positions of
 * their clicks; those few counts are then compared with each other. Index: `timestamp`.
 */
export function clicksByPosition(period: Period): Aggregation {
  return {
    collection: 'search_logs',
    pipeline: [
      { $match: { timestamp: within(period), results_count: { $gt: 0 } } },
      ...countSearches,
      ...comparePositions,
      { $sort: { position: 1 } },
      {
        $project: {
          position: 1,
          clicks: 1,
          shown: 1,
          rate: { $cond: [{ $gt: ['$shown', 0] }, { $divide: ['$clicks', '$shown'] }, null] },
        },
      },
    ],
  }
}

/** Clicks at one position count once per search. Earlier releases wrote the last position only. */
const positions = {
  $setUnion: [
    { $map: { input: { $ifNull: ['$clicks', []] }, as: 'click', in: '$$click.position' } },
    { $filter: { input: ['$click_position'], as: 'last', cond: { $gt: ['$$last', 0] } } },
  ],
}

/** One document: the searches by results and clicked positions, and all clicked positions. */
const countSearches: readonly Document[] = [
  { $group: { _id: { results: '$results_count', positions }, searches: { $sum: 1 } } },
  {
    $group: {
      _id: null,
      counts: {
        $push: { results: '$_id.results', positions: '$_id.positions', searches: '$searches' },
      },
    },
  },
  {
    $project: {
      counts: 1,
      positions: {
        $reduce: {
          input: '$counts',
          initialValue: [],
          in: { $setUnion: ['$$value', '$$this.positions'] },
        },
      },
    },
  },
]

const shown = {
  $filter: { input: '$counts', as: 'other', cond: { $gte: ['$$other.results', '$$at'] } },
}

const clicked = {
  $filter: { input: '$counts', as: 'other', cond: { $in: ['$$at', '$$other.positions'] } },
}

/** One document per clicked position: the searches that showed a result there, and its clicks. */
const comparePositions: readonly Document[] = [
  {
    $project: {
      _id: 0,
      figures: {
        $map: {
          input: '$positions',
          as: 'at',
          in: { position: '$$at', clicks: searchesIn(clicked), shown: searchesIn(shown) },
        },
      },
    },
  },
  { $unwind: '$figures' },
  {
    $project: {
      position: '$figures.position',
      clicks: '$figures.clicks',
      shown: '$figures.shown',
    },
  },
]

function searchesIn(counts: Document): Document {
  return { $sum: { $map: { input: counts, as: 'count', in: '$$count.searches' } } }
}
