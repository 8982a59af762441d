import { Router } from 'express'
import { z } from 'zod'
import { signedInId, signedInUser } from '../caller.ts'
import { unwrap } from '../failure.ts'
import { parse } from '../input.ts'
import { hashPassword } from '../password.ts'
import type { RouteDeps } from './route-deps.ts'

// Checked here as well, so that wrong input costs no hash.
const registration = z.strictObject({
  email: z.email(),
  username: z.string(),
  password: z.string().min(8).max(200),
  fullName: z.string().nullish(),
  role: z.enum(['student', 'instructor']).default('student'),
})

const profileChanges = z.strictObject({
  email: z.string().optional(),
  username: z.string().optional(),
  fullName: z.string().nullish(),
  expectedVersion: z.number().optional(),
})

/** Routes of registration and of the signed-in user's profile. */
export function userRoutes({ services, limit }: RouteDeps): Router {
  const { users } = services
  const router = Router()

  router.post('/users', limit.register, async (request, response) => {
    const { password, ...profile } = parse(registration, request.body)
    const user = unwrap(
      await users.create({ ...profile, passwordHash: await hashPassword(password) }),
    )
    response.status(201).location('/me').json(user)
  })

  router.get('/me', limit.read, async (_request, response) => {
    response.json(await signedInUser(services, response))
  })

  router.patch('/me', limit.write, async (request, response) => {
    const userId = signedInId(response)
    response.json(unwrap(await users.update(userId, parse(profileChanges, request.body))))
  })

  return router
}
