import type { User } from '@headwater/repositories'
import { z } from 'zod'
import { type Caller, member } from '../caller.ts'
import { refuse, unwrap, wrongCredentials } from '../failure.ts'
import { newPassword, password } from '../input.ts'
import { operation, type Operation } from '../operation.ts'
import { hashPassword, isPasswordOf } from '../password.ts'
import type { Services } from '../services.ts'

const passwordChange = z.strictObject({ currentPassword: password, newPassword })
const emailChange = z.strictObject({ email: z.email(), password })
const deletion = z.strictObject({ password })

/** What a stolen session must not be enough for: each asks for the password again. */
export const accountOperations: readonly Operation[] = [
  operation({
    method: 'PUT',
    path: '/me/password',
    access: 'member',
    limit: 'login',
    body: passwordChange,
    run: async ({ caller, body }, { services, cookie }) => {
      const { users, sessions } = services
      const { id } = await verified(services, caller, body.currentPassword)
      await unwrap(users.changePassword(id, await hashPassword(body.newPassword)))
      const { token } = await unwrap(sessions.create({ userId: id }))
      return { status: 204, cookie: cookie.begun(token) }
    },
  }),
  operation({
    method: 'PUT',
    path: '/me/email',
    access: 'member',
    limit: 'login',
    body: emailChange,
    run: async ({ caller, body: { email, password } }, { services }) => {
      const { id } = await verified(services, caller, password)
      return { status: 200, body: await unwrap(services.users.update(id, { email })) }
    },
  }),
  operation({
    method: 'DELETE',
    path: '/me',
    access: 'member',
    limit: 'login',
    body: deletion,
    run: async ({ caller, body: { password } }, { services, cookie }) => {
      const { id } = await verified(services, caller, password)
      await unwrap(services.users.delete(id))
      return { status: 204, cookie: cookie.ended }
    },
  }),
]

/** The signed-in user, who has just entered the password; otherwise the request ends. */
async function verified(services: Services, caller: Caller, password: string): Promise<User> {
  const user = await member(services, caller)
  const credentials = await unwrap(services.users.credentials(user.email))
  return (await isPasswordOf(password, credentials?.passwordHash)) ? user : refuse(wrongCredentials)
}
