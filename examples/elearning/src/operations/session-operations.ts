import { z } from 'zod'
import { memberId } from '../caller.ts'
import { refuse, unwrap, wrongCredentials } from '../failure.ts'
import { password } from '../input.ts'
import { operation, type Operation } from '../operation.ts'
import type { OperationDeps } from '../operation-deps.ts'

const login = z.strictObject({ email: z.string(), password })

/** Signing in and out. */
export const sessionOperations: readonly Operation[] = [
  operation({
    method: 'POST',
    path: '/sessions',
    access: 'anyone',
    limit: 'login',
    account: emailIn,
    body: login,
    run: async (request, { services, cookie, passwords }) => {
      const { users, sessions } = services
      const { email, password } = request.body
      const { header, signal } = request
      const credentials = await unwrap(users.credentials(email, { signal }))
      const isRight = await passwords.match(password, credentials?.passwordHash)
      if (credentials === undefined || !isRight) return refuse(wrongCredentials)
      const { userId } = credentials
      const { token, expiresAt } = await unwrap(sessions.create({ userId }))
      await endSession(services, cookie.tokenIn(header('cookie')))
      return { status: 201, cookie: cookie.begun(token), body: { userId, expiresAt } }
    },
  }),
  operation({
    method: 'DELETE',
    path: '/sessions/current',
    access: 'anyone',
    limit: 'write',
    run: async ({ header }, { services, cookie }) => {
      await endSession(services, cookie.tokenIn(header('cookie')))
      return { status: 204, cookie: cookie.ended }
    },
  }),
  operation({
    method: 'DELETE',
    path: '/sessions',
    access: 'member',
    limit: 'write',
    run: async ({ caller }, { services: { sessions }, cookie }) => {
      await unwrap(sessions.revokeAll(memberId(caller)))
      return { status: 204, cookie: cookie.ended }
    },
  }),
]

async function endSession(
  { sessions }: OperationDeps['services'],
  token: string | undefined,
): Promise<void> {
  if (token !== undefined) await unwrap(sessions.revoke(token))
}

/** The account that a sign-in tries, whether it exists or not. */
function emailIn(body: unknown): string | undefined {
  const email = (body as { readonly email?: unknown } | undefined)?.email
  return typeof email === 'string'
    ? `e-mail ${email.trim().toLowerCase().slice(0, 254)}`
    : undefined
}
