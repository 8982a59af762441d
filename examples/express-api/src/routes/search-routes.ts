import { Router } from 'express'
import { z } from 'zod'
import { callerId } from '../caller.ts'
import { unwrap } from '../failure.ts'
import { flag, parse, wholeNumber } from '../input.ts'
import type { RouteDeps } from './route-deps.ts'

const searchQuery = z.strictObject({
  q: z.string(),
  category: z.string().optional(),
  difficulty: z.string().optional(),
  instructorId: wholeNumber.optional(),
  minPrice: z.string().optional(),
  maxPrice: z.string().optional(),
  hasSeats: flag.optional(),
  limit: wholeNumber.optional(),
})

const searchId = z.object({ searchId: z.uuid() })
const click = z.strictObject({ courseId: z.number(), position: z.number() })

/** Routes of searches, and of clicks on their results. */
export function searchRoutes({ services: { search, activity }, limit }: RouteDeps): Router {
  const router = Router()

  router.get('/search', limit.search, async (request, response) => {
    const { q, ...filters } = parse(searchQuery, request.query)
    const found = (await search.search(q, { ...filters, userId: callerId(response) })).mapErr(
      queryIsQ,
    )
    const { hits, ...answer } = unwrap(found)
    response.json({
      ...answer,
      hits: hits.map(({ course, score, rank }) => ({ course, score, rank })),
    })
  })

  router.post('/search/:searchId/clicks', limit.write, (request, response) => {
    unwrap(
      activity.recordClick({ ...parse(searchId, request.params), ...parse(click, request.body) }),
    )
    response.status(202).end()
  })

  return router
}

/** Renames the field `query` of the SDK to `q`, its name in the URL. */
function queryIsQ<Failure extends { readonly type: string }>(failure: Failure): Failure {
  const { field, issues } = failure as {
    readonly field?: string
    readonly issues?: readonly { readonly field: string; readonly message: string }[]
  }
  if (failure.type !== 'invalid-input' || field === undefined || issues === undefined)
    return failure
  const renamed = (name: string) => (name === 'query' ? 'q' : name)
  return {
    ...failure,
    field: renamed(field),
    issues: issues.map((issue) => ({ ...issue, field: renamed(issue.field) })),
  }
}
