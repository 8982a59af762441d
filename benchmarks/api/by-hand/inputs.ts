import { z } from 'zod'

// The rules of the example, and of the repositories behind it.
const maxId = 2_147_483_647
const wholeNumber = z
  .string()
  .regex(/^\d{1,10}$/, 'must be a whole number')
  .transform(Number)
const rowId = z.int().min(1).max(maxId)
const text = (most: number) => z.string().min(1).max(most)
const version = z.int().min(1).optional()

/** The id in a path. */
export const idInPath = z.object({ id: wholeNumber.pipe(rowId) })

/** Changes of the user's own profile. */
export const profileChanges = z.strictObject({
  username: text(100).optional(),
  fullName: text(255).nullish(),
  expectedVersion: version,
})

/** Changes of a course. */
export const courseChanges = z.strictObject({
  title: text(255).optional(),
  description: text(20_000).nullish(),
  category: text(100).nullish(),
  difficulty: text(50).nullish(),
  maxStudents: z.int().min(0).max(maxId).nullish(),
  price: z.union([z.string().regex(/^\d{1,8}(\.\d{1,2})?$/), z.number()]).optional(),
  expectedVersion: version,
})

/** A list of the user's own enrollments: its first page. */
export const enrollmentQuery = z.strictObject({})

/** A request for a seat. */
export const order = z.strictObject({
  payment: z.strictObject({ method: text(50) }).optional(),
})

/** A search without filters: its first page. */
export const searchQuery = z.strictObject({
  q: z.string().max(500),
  limit: wholeNumber.pipe(z.int().min(1).max(100)).optional(),
})

/** The search in a path. */
export const searchInPath = z.object({ searchId: z.uuid() })

/** A click on a hit. */
export const click = z.strictObject({
  courseId: z.number(),
  position: z.number().min(1),
  proof: z.string(),
})
