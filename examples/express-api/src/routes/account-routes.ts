import type { User } from '@headwater/repositories'
import { Router } from 'express'
import { z } from 'zod'
import { signedInId, signedInUser } from '../caller.ts'
import { RequestFailed, unwrap, wrongCredentials } from '../failure.ts'
import { parse } from '../input.ts'
import { hashPassword, isPasswordOf } from '../password.ts'
import { clearSessionCookie, setSessionCookie } from '../session-cookie.ts'
import type { RouteDeps } from './route-deps.ts'

const passwordChange = z.strictObject({
  currentPassword: z.string().max(200),
  newPassword: z.string().min(8).max(200),
})
const deletion = z.strictObject({ password: z.string().max(200) })

/** Routes that end sessions: a new password, a sign-out everywhere, the account's deletion. */
export function accountRoutes({
  services,
  limit,
  secureCookies,
}: RouteDeps & { readonly secureCookies: boolean }): Router {
  const { users, sessions } = services
  const router = Router()

  const verify = async ({ email }: User, password: string): Promise<void> => {
    const credentials = unwrap(await users.credentials(email))
    if (!(await isPasswordOf(password, credentials?.passwordHash)))
      throw new RequestFailed(wrongCredentials)
  }

  router.put('/me/password', limit.login, async (request, response) => {
    const user = await signedInUser(services, response)
    const { currentPassword, newPassword } = parse(passwordChange, request.body)
    await verify(user, currentPassword)
    unwrap(await users.changePassword(user.id, await hashPassword(newPassword)))
    const { token } = unwrap(await sessions.create({ userId: user.id }))
    setSessionCookie(response, token, secureCookies)
    response.status(204).end()
  })

  router.delete('/sessions', limit.write, async (_request, response) => {
    unwrap(await sessions.revokeAll(signedInId(response)))
    clearSessionCookie(response)
    response.status(204).end()
  })

  router.delete('/me', limit.login, async (request, response) => {
    const user = await signedInUser(services, response)
    await verify(user, parse(deletion, request.body).password)
    unwrap(await users.delete(user.id))
    clearSessionCookie(response)
    response.status(204).end()
  })

  return router
}
