import { readdir, readFile } from 'node:fs/promises'
import { readCatalogue } from '../../examples/catalogue/src/index.ts'
import type { CatalogueCourse, Person } from '../../examples/catalogue/src/index.ts'

/** Courses that are published together, in the order in which they are: `sample` first. */
export const collectionNames = ['sample', 'further', 'large'] as const

/** The name of one of them. */
export type CollectionName = (typeof collectionNames)[number]

/** The courses of the evaluation, and who teaches them. */
export interface Collections {
  readonly instructors: readonly Person[]
  readonly courses: Readonly<Record<CollectionName, readonly CatalogueCourse[]>>
}

/** A course of a file. */
type Entry = Pick<CatalogueCourse, 'title' | 'description' | 'difficulty'> & Shared

/** What the courses of a file have in common, or one of them has. */
interface Shared {
  readonly category?: string
  /** @defaultValue `en` */
  readonly language?: string
}

/** A file of the large catalogue: what its courses have in common is said once. */
interface CatalogueFile extends Shared {
  readonly courses: readonly Entry[]
}

const prices = { beginner: '19.00', intermediate: '49.00', advanced: '89.00' } as const
const folder = new URL('catalogue/', import.meta.url)

/** Reads the sample catalogue, the courses of `courses.json` and those of `catalogue/`. */
export async function readCollections(): Promise<Collections> {
  const { courses, instructors } = await readCatalogue()
  const further = await readJson<CatalogueCourse[]>(new URL('courses.json', import.meta.url))
  return { instructors, courses: { sample: courses, further, large: await readLarge(instructors) } }
}

/** Prices follow the difficulty, and the instructors take turns: no query asks for either. */
async function readLarge(instructors: readonly Person[]): Promise<CatalogueCourse[]> {
  const files = (await readdir(folder)).sort()
  const read = await Promise.all(
    files.map((name) => readJson<CatalogueFile>(new URL(name, folder))),
  )
  const courses = read.flatMap(({ courses: those, ...shared }) =>
    those.map((course) => ({ ...shared, ...course })),
  )
  return courses.map(({ category = '', ...course }, index) => ({
    ...course,
    category,
    price: prices[course.difficulty],
    maxStudents: null,
    instructor: instructors[index % instructors.length]?.username ?? '',
  }))
}

/** Reads a file of JSON. */
export async function readJson<Value>(file: URL): Promise<Value> {
  return JSON.parse(await readFile(file, 'utf8')) as Value
}
