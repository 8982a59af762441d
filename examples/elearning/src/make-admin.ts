// Makes the first admin, who makes instructors: node src/make-admin.ts ada@example.com
import { connect, connectOptionsFromEnv, orThrow } from '@headwater/core'
import { createRepositories } from '@headwater/repositories'

const stores = orThrow(await connect(connectOptionsFromEnv(process.env)))
try {
  const { users } = createRepositories(stores)
  const user = orThrow(await users.findByEmail(process.argv[2] ?? ''))
  if (user === undefined) throw new Error('no user has this e-mail address')
  orThrow(await users.update(user.id, { role: 'admin' }))
  console.log(`${user.email} is an admin`)
} finally {
  await stores[Symbol.asyncDispose]()
}
