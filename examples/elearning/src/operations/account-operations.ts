import type { User } from '@headwater/repositories'
import { z } from 'zod'
import { type Asking, member } from '../caller.ts'
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
    run: async ({ caller, body, signal }, { cookie, ...deps }) => {
      const { users, sessions } = deps.services
      const { id } = await verified(deps, { caller, signal }, body.currentPassword)
      const passwordHash = await deps.passwords.hash(body.newPassword)
      await unwrap(users.changePassword(id, passwordHash, { signal }))
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
    run: async ({ caller, body: { email, password }, signal }, deps) => {
      const { id } = await verified(deps, { caller, signal }, password)
      const body = await unwrap(deps.services.users.update(id, { email }, { signal }))
      return { status: 200, body }
    },
  }),
  operation({
    method: 'DELETE',
    path: '/me',
    access: 'member',
    limit: 'login',
    body: deletion,
    run: async ({ caller, body: { password }, signal }, { cookie, ...deps }) => {
      const { id } = await verified(deps, { caller, signal }, password)
      await unwrap(deps.services.users.delete(id, { signal }))
      return { status: 204, cookie: cookie.ended }
    },
  }),
]

/** The signed-in user, who has just entered the password; otherwise the request ends. */
async function verified(
  { services, passwords }: Pick<OperationDeps, 'services' | 'passwords'>,
  asking: Asking,
  password: string,
): Promise<User> {
  const user = await member(services, asking)
  const { signal } = asking
  const credentials = await unwrap(services.users.credentials(user.email, { signal }))
  return (await passwords.match(password, credentials?.passwordHash))
    ? user
    : refuse(wrongCredentials)
}
