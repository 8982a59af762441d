import type { Document } from 'mongodb'

/** How often a query was asked, over the users who asked it. */
export interface QueryFigures {
  /** The query as it is logged. */
  readonly query: string
  /** The users who found something. */
  readonly users: number
  /** Searches that found something: the newer the user's last one, the more, and ten a user. */
  readonly asked: number
  /** The users who found nothing. */
  readonly missed: number
  /** 1 where any of these was clicked, else 0. */
  readonly clicked: number
}

/** A user who has asked a query. */
export interface QueryUser {
  readonly query: string
  readonly user: number
}

/** A search counts half as much after this time. */
const halfLifeMs = 30 * 86_400_000

/** Searches of one user for one query that count. */
export const mostOfUser = 10

/** The most spellings of queries whose figures are read; those of the most users. */
export const mostSpellings = 50_000

/** The most users of some spellings that are told apart. */
const mostUsers = 100_000

/** Which searches count. */
export interface CountedSearches {
  /** The first moment that counts. */
  readonly from: Date
  /** The moment at which age is measured. */
  readonly now: Date
  /** The most searches that count: the newest. */
  readonly most: number
}

/** The figures of the queries that were asked; anonymous searches do not count. */
export function figuresOfQueries(counted: CountedSearches): Document[] {
  const age = { $max: [{ $subtract: [counted.now, '$lastAt'] }, 0] }
  const weight = { $pow: [0.5, { $divide: [age, halfLifeMs] }] }
  return [
    ...searchesOfUsers(counted),
    {
      $group: {
        _id: { query: '$query', user: '$user_id' },
        found: { $sum: where({ $gt: ['$results_count', 0] }) },
        clicked: { $max: where({ $gt: ['$clicked_result', null] }) },
        lastAt: { $max: '$timestamp' },
      },
    },
    {
      $group: {
        _id: '$_id.query',
        users: { $sum: where({ $gt: ['$found', 0] }) },
        asked: { $sum: { $multiply: [weight, { $min: ['$found', mostOfUser] }] } },
        missed: { $sum: where({ $eq: ['$found', 0] }) },
        clicked: { $max: '$clicked' },
      },
    },
    { $match: { users: { $gt: 0 } } },
    { $sort: { users: -1, asked: -1, _id: 1 } },
    { $limit: mostSpellings },
    {
      $project: { _id: 0, query: '$_id', users: 1, asked: 1, missed: 1, clicked: 1 },
    },
  ]
}

/** The users who found something with some queries, each once a query. Index: `query`. */
export function usersOfQueries(
  queries: readonly string[],
  { from }: Pick<CountedSearches, 'from'>,
): Document[] {
  return [
    {
      $match: {
        query: { $in: queries },
        timestamp: { $gte: from },
        user_id: { $gt: 0 },
        results_count: { $gt: 0 },
      },
    },
    { $group: { _id: { query: '$query', user: '$user_id' } } },
    { $limit: mostUsers },
    { $project: { _id: 0, query: '$_id.query', user: '$_id.user' } },
  ]
}

/** The newest searches that have their query, those of users among them. Index: `timestamp`. */
function searchesOfUsers({ from, most }: CountedSearches): Document[] {
  return [
    { $match: { timestamp: { $gte: from } } },
    { $sort: { timestamp: -1 } },
    { $limit: most },
    // Of an erased user, and where a click came before its search, there is no query.
    { $match: { user_id: { $gt: 0 }, query: { $exists: true } } },
  ]
}

function where(condition: Document): Document {
  return { $cond: [condition, 1, 0] }
}
