import { orThrow } from '@headwater/core'
import type { SearchResult } from '@headwater/search'
import type { Found } from './by-hand/course-search-service.ts'
import { queries, queryOf, readers, users } from './data.ts'
import { flowOf, type Flow } from './flow.ts'
import type { FlowsFixture } from './flows-fixture.ts'
import { ourProfile, profileByHand } from './profiles.ts'

/**
 * By hand a profile may be older than the last update by the hour it stays in Redis: what was read
 * before an update may be stored after it.
 */
export function getUserHit(fixture: FlowsFixture): Flow {
  return userFlow(fixture, { first: readers, isForgotten: false })
}

/** By hand, callers that miss together all load, and may store what is old already. */
export function getUserMiss(fixture: FlowsFixture): Flow {
  return userFlow(fixture, { first: users, isForgotten: true })
}

/**
 * By hand the courses of a cached result are as old as it is, up to fifteen minutes, and
 * unpublished ones stay in it. Ours are as they are now, and every search is logged.
 */
export function searchHit(fixture: FlowsFixture): Flow {
  return searchFlow(fixture, { isForgotten: false })
}

/**
 * By hand words are not searched, which is one leg less, and an outage of Pinecone or OpenAI fails
 * the search. Both sides embed the query.
 */
export function searchMiss(fixture: FlowsFixture): Flow {
  return searchFlow(fixture, { isForgotten: true })
}

/** By hand the courses are as old as the list, up to five minutes; ours are as they are now. */
export function listEnrollmentsHit(fixture: FlowsFixture): Flow {
  const { ours, byHand } = fixture
  return flowOf(fixture, {
    checked: readers,
    item: (n) => (n % readers) + 1,
    ours: {
      run: async (userId) => orThrow(await ours.enrollments.listForUser(userId)),
      answer: ({ items }) =>
        items.map(({ course, progress }) => [course.id, course.title, progress]),
    },
    byHand: {
      run: (userId) => byHand.enrollments.getUserEnrollments(userId),
      answer: (rows) => rows.map((row) => [row.course_id, row.title, row.progress_percentage]),
    },
  })
}

function userFlow(
  fixture: FlowsFixture,
  { first, isForgotten }: { readonly first: number; readonly isForgotten: boolean },
): Flow {
  const { ours, byHand, evict } = fixture
  return flowOf(fixture, {
    checked: first,
    item: (n) => (n % first) + 1,
    ours: {
      run: async (id) => orThrow(await ours.users.get(id)),
      answer: (user) => user && ourProfile(user),
      ...(isForgotten && { prepare: () => evict('ours', 'user:*') }),
    },
    byHand: {
      run: (id) => byHand.users.getUser(id),
      answer: (profile) => profile && profileByHand(profile),
      ...(isForgotten && { prepare: () => evict('byHand', 'user:*') }),
    },
  })
}

/** The two sides rank differently; the queries are such that both find the courses of a topic. */
function searchFlow(
  fixture: FlowsFixture,
  { isForgotten }: { readonly isForgotten: boolean },
): Flow {
  const { ours, byHand, evict } = fixture
  const forget = async (): Promise<void> => {
    await evict('ours', 'search:*')
    await evict('ours', 'embedding:*')
  }
  return flowOf(fixture, {
    checked: queries,
    item: queryOf,
    ours: {
      run: async (query) => orThrow(await ours.search.search(query)),
      answer: foundByOurs,
      ...(isForgotten && { prepare: forget }),
    },
    byHand: {
      run: (query) => byHand.search.searchCourses(query),
      answer: foundByHand,
      ...(isForgotten && { prepare: () => evict('byHand', 'search:*') }),
    },
  })
}

function foundByOurs({ hits, mode }: SearchResult): readonly number[] {
  if (mode !== 'hybrid') throw new Error('a search went without a leg: this is no measurement')
  return hits.map(({ course }) => course.id).toSorted(ascending)
}

function foundByHand({ courses }: Found): readonly number[] {
  return courses.map(({ id }) => id).toSorted(ascending)
}

function ascending(one: number, other: number): number {
  return one - other
}
