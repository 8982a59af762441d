import { Router } from 'express'
import { z } from 'zod'
import { signedInId } from '../caller.ts'
import { unwrap } from '../failure.ts'
import { amount, idOf, page, parse } from '../input.ts'
import type { RouteDeps } from './route-deps.ts'

// Here the caller names the discount; a shop would look it up.
const enrollment = z.strictObject({
  payment: z.strictObject({ method: z.string(), discount: amount.optional() }).optional(),
})
const transfer = z.strictObject({ courseId: z.number(), toUserId: z.number() })
const progressReport = z.strictObject({ progress: z.number() })
const listQuery = z.strictObject(page)

/** Routes of the signed-in user's own enrollments. */
export function enrollmentRoutes({ services: { enrollments }, limit }: RouteDeps): Router {
  const router = Router()

  router.get('/me/enrollments', limit.read, async (request, response) => {
    response.json(
      unwrap(await enrollments.listForUser(signedInId(response), parse(listQuery, request.query))),
    )
  })

  router.post('/courses/:id/enrollments', limit.write, async (request, response) => {
    const userId = signedInId(response)
    const { payment } = parse(enrollment, request.body)
    response
      .status(201)
      .json(unwrap(await enrollments.enroll({ userId, courseId: idOf(request.params), payment })))
  })

  router.patch('/courses/:id/enrollments', limit.write, async (request, response) => {
    const userId = signedInId(response)
    const { progress } = parse(progressReport, request.body)
    response.json(
      unwrap(
        await enrollments.recordProgress({ userId, courseId: idOf(request.params), progress }),
      ),
    )
  })

  router.delete('/courses/:id/enrollments', limit.write, async (request, response) => {
    unwrap(
      await enrollments.withdraw({ userId: signedInId(response), courseId: idOf(request.params) }),
    )
    response.status(204).end()
  })

  router.post('/enrollments/transfer', limit.write, async (request, response) => {
    const fromUserId = signedInId(response)
    response.json(
      unwrap(await enrollments.transfer({ ...parse(transfer, request.body), fromUserId })),
    )
  })

  return router
}
