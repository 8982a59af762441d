import { readFile } from 'node:fs/promises'
import type { CatalogueCourse } from '../../examples/catalogue/src/index.ts'

/** Kinds of queries that are asked of the sample catalogue alone. */
const catalogueClasses = [
  'exact title',
  'paraphrase',
  'typo',
  'category word',
  'prefix',
  'nonsense',
] as const

/** Kinds of queries that are asked of the sample catalogue with the further courses. */
export const furtherClasses = [
  'dotted names',
  'exact or prefix',
  'joined words',
  'stop words',
  'other scripts',
  'operators',
] as const

/** The kinds of queries, in the order in which they are reported. */
export const queryClasses = [...catalogueClasses, ...furtherClasses] as const

/** An entry of the file. */
interface Entry extends Pick<LabelledQuery, 'class' | 'half' | 'query'> {
  readonly relevant?: Readonly<Record<string, number>>
  readonly category?: string
}

/** A query with the wanted courses. */
export interface LabelledQuery {
  readonly class: (typeof queryClasses)[number]
  /** The ranking is tuned on one half and judged by the other. */
  readonly half: 'tuning' | 'heldOut'
  readonly query: string
  /** By title: 2 for an intended course, 1 for an acceptable one. */
  readonly wanted: ReadonlyMap<string, number>
}

/** Whether a query is asked of the sample catalogue alone. */
export function isOfCatalogue({ class: name }: LabelledQuery): boolean {
  return catalogueClasses.some((known) => known === name)
}

/** Reads the courses that the further kinds of queries need. */
export async function readFurtherCourses(): Promise<CatalogueCourse[]> {
  return await readJson<CatalogueCourse[]>('courses.json')
}

/**
 * Reads the labels.
 *
 * @throws Error that names a wanted course or category missing from the catalogue.
 */
export async function readLabelledQueries(
  courses: readonly CatalogueCourse[],
): Promise<LabelledQuery[]> {
  const entries = await readJson<readonly Entry[]>('queries.json')
  const titles = new Set(courses.map(({ title }) => title))
  return entries.map(({ relevant = {}, category, ...labelled }) => {
    const ofCategory =
      category === undefined
        ? []
        : courses
            .filter((course) => course.category === category)
            .map(({ title }) => [title, 1] as const)
    if (category !== undefined && ofCategory.length === 0)
      throw new Error(`there is no category ${category}`)
    const unknown = Object.keys(relevant).find((title) => !titles.has(title))
    if (unknown !== undefined) throw new Error(`there is no course ${unknown}`)
    return { ...labelled, wanted: new Map([...Object.entries(relevant), ...ofCategory]) }
  })
}

async function readJson<Value>(name: string): Promise<Value> {
  return JSON.parse(await readFile(new URL(name, import.meta.url), 'utf8')) as Value
}
