import { invalidField, invalidInput } from '@headwater/core'
import type { InvalidInput } from '@headwater/core'
import { searchSorts } from '@headwater/search'
import { z } from 'zod'
import { callerId } from '../caller.ts'
import { refuse, unwrap } from '../failure.ts'
import { flag, oneOrMore, wholeNumber } from '../input.ts'
import { operation, type Operation } from '../operation.ts'
import { rounded } from '../rounded.ts'

const countQuery = z.strictObject({
  q: z.string(),
  category: oneOrMore.optional(),
  difficulty: oneOrMore.optional(),
  language: oneOrMore.optional(),
  instructorId: wholeNumber.optional(),
  minPrice: z.string().optional(),
  maxPrice: z.string().optional(),
  hasSeats: flag.optional(),
})

const searchQuery = countQuery.extend({
  sort: z.enum(searchSorts).optional(),
  limit: wholeNumber.optional(),
  cursor: z.string().optional(),
})

const searchInPath = z.object({ searchId: z.uuid() })
const click = z.strictObject({
  courseId: z.number(),
  position: z.number().min(1),
  proof: z.string(),
})

/** Searches, and clicks on their results. */
export const searchOperations: readonly Operation[] = [
  operation({
    method: 'GET',
    path: '/search',
    access: 'anyone',
    limit: 'search',
    query: searchQuery,
    run: async ({ query: { q, ...filters }, caller, signal }, { services, proofs }) => {
      const options = { ...filters, userId: callerId(caller), signal }
      const found = services.search.search(q, options).mapErr(queryIsQ)
      const { hits, durationMs, ...answer } = await unwrap(found)
      const shown = hits.map(({ course, score, rank }) => {
        return { course, score, rank, proof: proofs.of('hit', answer.searchId, course.id, rank) }
      })
      return { status: 200, body: { ...answer, durationMs: rounded(durationMs), hits: shown } }
    },
  }),
  operation({
    method: 'GET',
    path: '/search/counts',
    access: 'anyone',
    limit: 'search',
    query: countQuery,
    run: async ({ query: { q, ...filters }, signal }, { services }) => {
      const counted = services.search.count(q, { ...filters, signal }).mapErr(queryIsQ)
      const { durationMs, ...counts } = await unwrap(counted)
      return { status: 200, body: { ...counts, durationMs: rounded(durationMs) } }
    },
  }),
  operation({
    method: 'POST',
    path: '/search/:searchId/clicks',
    access: 'anyone',
    limit: 'write',
    params: searchInPath,
    body: click,
    run: async ({ params: { searchId }, body }, { services: { activity }, proofs }) => {
      const { courseId, position, proof } = body
      // A click that nobody was shown would push a course up in the figures.
      if (!proofs.holds(proof, 'hit', searchId, courseId, position))
        refuse(invalidField('proof', 'is not that of a hit'))
      await unwrap(Promise.resolve(activity.recordClick({ searchId, courseId, position })))
      return { status: 202 }
    },
  }),
]

/** Renames the field `query` of the SDK to `q`, its name in the URL. */
function queryIsQ<F extends { readonly type: string }>(failure: F): F | InvalidInput {
  if (failure.type !== 'invalid-input') return failure
  const { issues } = failure as unknown as InvalidInput
  return invalidInput(
    issues.map(({ field, message }) => ({ field: field === 'query' ? 'q' : field, message })),
  )
}
