import { Router } from 'express'
import { z } from 'zod'
import { RequestFailed, unwrap, wrongCredentials } from '../failure.ts'
import { parse } from '../input.ts'
import { isPasswordOf } from '../password.ts'
import { clearSessionCookie, sessionToken, setSessionCookie } from '../session-cookie.ts'
import type { RouteDeps } from './route-deps.ts'

const login = z.strictObject({ email: z.string(), password: z.string().max(200) })

/** Routes to sign in and out. */
export function sessionRoutes({
  services: { users, sessions },
  limit,
  secureCookies,
}: RouteDeps & { readonly secureCookies: boolean }): Router {
  const router = Router()

  router.post('/sessions', limit.login, async (request, response) => {
    const { email, password } = parse(login, request.body)
    const credentials = unwrap(await users.credentials(email))
    const isRight = await isPasswordOf(password, credentials?.passwordHash)
    if (credentials === undefined || !isRight) throw new RequestFailed(wrongCredentials)
    const { token, expiresAt } = unwrap(await sessions.create({ userId: credentials.userId }))
    setSessionCookie(response, token, secureCookies)
    response.status(201).json({ userId: credentials.userId, expiresAt })
  })

  router.delete('/sessions/current', limit.write, async (request, response) => {
    unwrap(await sessions.revoke(sessionToken(request) ?? ''))
    clearSessionCookie(response)
    response.status(204).end()
  })

  return router
}
