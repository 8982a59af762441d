import { connect, connectOptionsFromEnv, migrate, orThrow } from '@headwater/core'
import { createRepositories, repositoriesMigrations } from '@headwater/repositories'
import { openaiEmbedder, searchMigrations } from '@headwater/search'

/** The quick start as a host would bundle it: migrates, enrolls and returns what it saw. */
export async function quickStart() {
  const options = connectOptionsFromEnv(process.env)
  const mongodb = { url: 'mongodb://127.0.0.1:1', database: 'none' }
  const withMongodb = await connect({ ...options, mongodb })
  const embedded = await openaiEmbedder({ apiKey: 'none' }).embed(['algebra'])

  const stores = orThrow(await connect(options))
  const sets = [repositoriesMigrations, searchMigrations]
  const { applied } = orThrow(await migrate(stores, { sets }))
  const { users, courses, enrollments } = createRepositories(stores)
  const names = { email: 'ada@example.org', username: 'ada', passwordHash: 'hash' }
  const { id: userId } = orThrow(await users.create(names))
  const course = { title: 'Algebra', instructorId: userId, maxStudents: 1, price: '49.00' }
  const { id: courseId } = orThrow(await courses.create(course))
  orThrow(await courses.publish(courseId))
  orThrow(await enrollments.enroll({ userId, courseId }))
  const again = await enrollments.enroll({ userId, courseId })
  orThrow(await stores.close())

  const missing = [withMongodb, embedded].map((result) => result.isErr() && result.error.command)
  return { applied, again: again.isErr() && again.error.type, missing }
}
