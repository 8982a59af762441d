import { readFile } from 'node:fs/promises'
import type { CatalogueCourse } from '../../examples/catalogue/src/index.ts'

/** The kinds of queries, in the order in which they are reported. */
export const queryClasses = [
  'exact title',
  'paraphrase',
  'typo',
  'category word',
  'prefix',
  'nonsense',
] as const

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

/**
 * Reads the labels.
 *
 * @throws Error that names a wanted course or category missing from the catalogue.
 */
export async function readLabelledQueries(
  courses: readonly CatalogueCourse[],
): Promise<LabelledQuery[]> {
  const entries = JSON.parse(
    await readFile(new URL('queries.json', import.meta.url), 'utf8'),
  ) as readonly Entry[]
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
