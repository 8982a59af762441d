import { InvalidOptions, orThrow } from '@headwater/core'
import { createRepositories } from '@headwater/repositories'
import type { RepositoriesOptions } from '@headwater/repositories'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openFixture } from './repositories-fixture.ts'
import type { RepositoriesFixture } from './repositories-fixture.ts'

let fixture: RepositoriesFixture
beforeAll(async () => {
  fixture = await openFixture({
    repositories: { caches: { courses: { ttlMs: 7_000, graceMs: 0 } } },
  })
})
afterAll(() => fixture.dispose())

test('A cached course lives in Redis as long as the host says, a profile as long as by default', async () => {
  const [course, user] = [await fixture.newCourse(), await fixture.newUser()]
  const livesMs = (key: string) =>
    fixture.stores.redis.client.pTTL(`${fixture.stores.redis.keyPrefix}${key}`)
  await eventually(async () => {
    orThrow(await fixture.courses.get(course.id))
    expect(await livesMs(`course:${course.id}`)).toBeGreaterThan(5_500)
    expect(await livesMs(`course:${course.id}`)).toBeLessThanOrEqual(7_000)
    expect(await livesMs(`user:${user.id}`)).toBeGreaterThan(3_000_000)
  })
})

const wrong: [name: string, options: RepositoriesOptions, message: string][] = [
  [
    'a cache',
    { caches: { users: { ttlMs: -1 } } },
    'caches.users.ttlMs: expected more than 0 ms: got -1',
  ],
  [
    'enrollments',
    { enrollments: { maxBatch: 0 } },
    'enrollments.maxBatch: expected 1 or more: got 0',
  ],
  [
    'activity',
    { activity: { batchSize: 1.5 } },
    'activity.batchSize: expected a whole number: got 1.5',
  ],
  [
    'activity',
    { activity: { redact: [5 as never] } },
    'activity.redact[0]: expected a field or { field, replace }: got 5',
  ],
]
test.each(wrong)(
  'A wrong option of %s throws one message in one wording',
  (_name, options, message) => {
    expect(() => createRepositories(fixture.stores, options)).toThrow(
      new InvalidOptions(`createRepositories: ${message}`),
    )
  },
)
