import type { User } from '@headwater/repositories'
import { z } from 'zod'
import { type Caller, member } from '../caller.ts'
import { refuse, unwrap, wrongCredentials } from '../failure.ts'
import { newPassword, password } from '../input.ts'
import { operation, type Operation } from '../operation.ts'
import type { OperationDeps } from '../operation-deps.ts'

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
    run: async ({ caller, body }, { cookie, ...deps }) => {
      const { users, sessions } = deps.services
      const { id } = await verified(deps, caller, body.currentPassword)
      await unwrap(users.changePassword(id, await deps.passwords.hash(body.newPassword)))
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
    run: async ({ caller, body: { email, password } }, deps) => {
      const { id } = await verified(deps, caller, password)
      return { status: 200, body: await unwrap(deps.services.users.update(id, { email })) }
    },
  }),
  operation({
    method: 'DELETE',
    path: '/me',
    access: 'member',
    limit: 'login',
    body: deletion,
    run: async ({ caller, body: { password } }, { cookie, ...deps }) => {
      const { id } = await verified(deps, caller, password)
      await unwrap(deps.services.users.delete(id))
      return { status: 204, cookie: cookie.ended }
    },
  }),
]

/** The signed-in user, who has just entered the password; otherwise the request ends. */
async function verified(
  { services, passwords }: Pick<OperationDeps, 'services' | 'passwords'>,
  caller: Caller,
  password: string,
): Promise<User> {
  const user = await member(services, caller)
  const credentials = await unwrap(services.users.credentials(user.email))
  return (await passwords.match(password, credentials?.passwordHash))
    ? user
    : refuse(wrongCredentials)
}
