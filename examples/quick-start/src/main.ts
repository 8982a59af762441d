import { connect, connectOptionsFromEnv, createRelay, migrate, orThrow } from '@headwater/core'
import { createRepositories, repositoriesMigrations } from '@headwater/repositories'

const stores = orThrow(await connect(connectOptionsFromEnv(process.env)))
orThrow(await migrate(stores, { sets: [repositoriesMigrations] }))
const { users, courses, enrollments, sinks } = createRepositories(stores)
const relay = createRelay(stores, { sinks })
relay.start()

const name = `ada-${Date.now()}` // another one in every run
const ada = orThrow(
  await users.create({
    email: `${name}@example.org`,
    username: name,
    passwordHash: 'made by your password library',
  }),
)
const course = orThrow(
  await courses.create({ title: 'Algebra', instructorId: ada.id, maxStudents: 1, price: '49.00' }),
)
orThrow(await courses.publish(course.id))

orThrow(
  await enrollments.enroll({
    userId: ada.id,
    courseId: course.id,
    payment: { method: 'card', discount: '10.00' },
  }),
)
const again = await enrollments.enroll({ userId: ada.id, courseId: course.id })
console.log(again.isErr() && again.error.type) // 'already-enrolled'
console.log(orThrow(await courses.get(course.id))?.currentEnrollment) // 1, not the cached 0

orThrow(await stores.close())
