import { err, systemClock } from '@headwater/core'
import { expect, test, vi } from 'vitest'
import { EnrollmentQueue } from '../../src/enrollments/enrollment-queue.ts'
import { enrollmentDefaults } from '../../src/enrollments/enrollment-options.ts'

/** A queue with batches of ten, and the sizes of those that have begun. */
function queueOf({ maxTransactions = 1, until = Promise.resolve() } = {}) {
  const sizes: number[] = []
  const queue = new EnrollmentQueue({
    clock: systemClock,
    options: { ...enrollmentDefaults, maxBatch: 10, maxTransactions },
    run: async ({ requests }) => {
      sizes.push(requests.length)
      await until
      return requests.map(({ courseId }) => err({ type: 'not-found', courseId } as never))
    },
  })
  return { queue, sizes }
}

const crowds: readonly (readonly [string, (place: number) => number])[] = [
  ['one course', () => 1],
  ['two courses', (place) => place % 2],
  ['a course each', (place) => place],
]

test.each(crowds)(
  'A batch holds at most `maxBatch` of the students who ask for %s at once',
  async (_, courseOf) => {
    const { queue, sizes } = queueOf()
    const asked = Array.from({ length: 25 }, (_, place) =>
      queue.add({ userId: place, courseId: courseOf(place) }),
    )
    expect(await Promise.all(asked)).toHaveLength(25)
    expect(sizes).toEqual([10, 10, 5])
  },
)

test('A student whom a full batch leaves out is served by another transaction meanwhile', async () => {
  const { promise: until, resolve } = Promise.withResolvers<void>()
  const { queue, sizes } = queueOf({ maxTransactions: 3, until })
  const asked = Array.from({ length: 25 }, (_, place) =>
    queue.add({ userId: place, courseId: place }),
  )
  await vi.waitFor(() => expect(sizes).toEqual([10, 10, 5]))
  resolve()
  await Promise.all(asked)
})
