import {
  defineCache,
  ok,
  orThrow,
  transaction,
  type CacheOptions,
  type Stores,
} from '@headwater/core'

interface Course {
  readonly id: number
  readonly title: string
}

export async function cacheCourses(stores: Stores, load: CacheOptions<number, Course>['load']) {
  const courses = defineCache<number, Course>(stores, {
    name: 'course',
    ttlMs: 30 * 60_000,
    graceMs: 5 * 60_000,
    load,
  })

  const course = orThrow(await courses.get(5)) // undefined when there is none
  const written = await transaction(stores, async (tx) => {
    await tx.query('UPDATE @schema.courses SET title = $2 WHERE id = $1', [5, 'Algebra'])
    tx.invalidate(courses.key(5))
    return ok(undefined)
  })
  return { course, written }
}
