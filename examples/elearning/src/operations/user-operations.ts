import { z } from 'zod'
import { member, memberId } from '../caller.ts'
import { unwrap } from '../failure.ts'
import { idInPath, newPassword } from '../input.ts'
import { operation, type Operation } from '../operation.ts'
import { originOf } from '../request-origin.ts'

// Checked here as well, so that wrong input costs no hash.
const registration = z.strictObject({
  email: z.email(),
  username: z.string(),
  password: newPassword,
  fullName: z.string().nullish(),
})

const profileChanges = z.strictObject({
  username: z.string().optional(),
  fullName: z.string().nullish(),
  expectedVersion: z.number().optional(),
})

const assignment = z.strictObject({ role: z.enum(['student', 'instructor', 'admin']) })

/** Registration, the signed-in user's profile, and the roles of others. */
export const userOperations: readonly Operation[] = [
  operation({
    method: 'POST',
    path: '/users',
    access: 'anyone',
    limit: 'register',
    body: registration,
    run: async (request, { services: { users }, passwords }) => {
      const { password, ...profile } = request.body
      const passwordHash = await passwords.hash(password)
      const metadata = originOf(request)
      const newUser = { ...profile, passwordHash, metadata }
      const body = await unwrap(users.create(newUser, { signal: request.signal }))
      return { status: 201, headers: { Location: '/me' }, body }
    },
  }),
  operation({
    method: 'GET',
    path: '/me',
    access: 'member',
    limit: 'read',
    run: async (request, { services }) => ({
      status: 200,
      body: await member(services, request),
    }),
  }),
  operation({
    method: 'PATCH',
    path: '/me',
    access: 'member',
    limit: 'write',
    body: profileChanges,
    run: async ({ caller, body, signal }, { services: { users } }) => ({
      status: 200,
      body: await unwrap(users.update(memberId(caller), body, { signal })),
    }),
  }),
  operation({
    method: 'PUT',
    path: '/users/:id/role',
    access: 'admin',
    limit: 'write',
    params: idInPath,
    body: assignment,
    run: async ({ params, body, signal }, { services: { users } }) => ({
      status: 200,
      body: await unwrap(users.update(params.id, body, { signal })),
    }),
  }),
]
