import { readdir, readFile } from 'node:fs/promises'
import { z } from 'zod'

const person = z.strictObject({
  username: z.string().min(1),
  email: z.email(),
  fullName: z.string().nullable(),
  headline: z.string().optional(),
})

const course = z.strictObject({
  title: z.string().min(1),
  description: z.string().min(1),
  category: z.string().min(1),
  difficulty: z.enum(['beginner', 'intermediate', 'advanced']),
  language: z.string().optional(),
  price: z.string().regex(/^\d+\.\d{2}$/),
  maxStudents: z.int().positive().nullable(),
  instructor: z.string().min(1),
})

/** A person of the catalogue; instructors have a headline. */
export type Person = z.output<typeof person>

/** A course as the files describe it; `instructor` is a username. */
export type CatalogueCourse = z.output<typeof course>

/** The sample catalogue. */
export interface Catalogue {
  /** Courses, each with a distinct title. */
  readonly courses: readonly CatalogueCourse[]
  /** Their instructors. */
  readonly instructors: readonly Person[]
  /** Students who may take them. */
  readonly students: readonly Person[]
}

const data = new URL('../data/', import.meta.url)

/**
 * Reads the sample catalogue from its files.
 *
 * @throws Error naming the file and the field that breaks a rule.
 */
export async function readCatalogue(): Promise<Catalogue> {
  const files = (await readdir(new URL('courses/', data)))
    .filter((name) => name.endsWith('.json'))
    .sort()
  const [instructors, students, ...courses] = await Promise.all([
    readJson('instructors.json', z.array(person)),
    readJson('students.json', z.array(person)),
    ...files.map((name) => readJson(`courses/${name}`, z.array(course))),
  ])
  return checked({ instructors, students, courses: courses.flat() })
}

async function readJson<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const parsed = schema.safeParse(JSON.parse(await readFile(new URL(name, data), 'utf8')))
  if (parsed.success) return parsed.data
  throw new Error(`${name} breaks a rule of the catalogue:\n${z.prettifyError(parsed.error)}`)
}

function checked(catalogue: Catalogue): Catalogue {
  const { courses, instructors, students } = catalogue
  const teachers = new Set(instructors.map(({ username }) => username))
  const untaught = courses.find(({ instructor }) => !teachers.has(instructor))
  if (untaught !== undefined)
    throw new Error(`${untaught.title}: there is no instructor ${untaught.instructor}`)
  const twice =
    firstRepeated(courses.map(({ title }) => title)) ??
    firstRepeated([...instructors, ...students].map(({ email }) => email))
  if (twice !== undefined) throw new Error(`the catalogue has two of ${twice}`)
  return catalogue
}

function firstRepeated(texts: readonly string[]): string | undefined {
  return texts.find((text, at) => texts.indexOf(text) !== at)
}
