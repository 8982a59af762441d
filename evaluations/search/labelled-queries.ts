import { collectionNames, readJson } from './collections.ts'
import type { CollectionName, Collections } from './collections.ts'

/** The kinds of queries that are asked once a collection is published, as they are reported. */
export const queryClasses = {
  sample: ['exact title', 'paraphrase', 'typo', 'category word', 'prefix', 'nonsense'],
  further: [
    'dotted names',
    'exact or prefix',
    'joined words',
    'stop words',
    'other scripts',
    'operators',
  ],
  large: [
    'exact title',
    'paraphrase',
    'plain question',
    'typo',
    'prefix',
    'category word',
    'operator',
    'dotted names',
    'other language',
    'mixed',
    'german',
    'spanish',
    'nonsense',
  ],
} as const satisfies Record<CollectionName, readonly string[]>

/** The kind of a query. */
export type QueryClass = (typeof queryClasses)[CollectionName][number]

/** An entry of a file. */
interface Entry extends Pick<LabelledQuery, 'class' | 'half' | 'query'> {
  readonly relevant?: Readonly<Record<string, number>>
  readonly category?: string
}

/** A query with the wanted courses. */
export interface LabelledQuery {
  /** It is asked when the courses of this collection, and of those before it, are published. */
  readonly collection: CollectionName
  readonly class: QueryClass
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
export async function readLabelledQueries({ courses }: Collections): Promise<LabelledQuery[]> {
  const small = await readJson<readonly Entry[]>(new URL('queries.json', import.meta.url))
  const large = await readJson<readonly Entry[]>(new URL('large-queries.json', import.meta.url))
  const languages = await readJson<readonly Entry[]>(
    new URL('language-queries.json', import.meta.url),
  )
  const collectionOf = (name: QueryClass): CollectionName =>
    queryClasses.sample.some((known) => known === name) ? 'sample' : 'further'
  return [
    ...small.map((entry) => ({ entry, collection: collectionOf(entry.class) })),
    ...[...large, ...languages].map((entry) => ({ entry, collection: 'large' as const })),
  ].map(({ entry, collection }) => {
    const { class: name, half, query } = entry
    return { class: name, half, query, collection, wanted: wantedOf(entry, collection, courses) }
  })
}

function wantedOf(
  { relevant = {}, category }: Entry,
  collection: CollectionName,
  courses: Collections['courses'],
): ReadonlyMap<string, number> {
  const published = collectionNames
    .slice(0, collectionNames.indexOf(collection) + 1)
    .flatMap((name) => courses[name])
  const titles = new Set(published.map(({ title }) => title))
  const ofCategory =
    category === undefined
      ? []
      : published
          .filter((course) => course.category === category)
          .map(({ title }) => [title, 1] as const)
  if (category !== undefined && ofCategory.length === 0)
    throw new Error(`there is no category ${category}`)
  const unknown = Object.keys(relevant).find((title) => !titles.has(title))
  if (unknown !== undefined) throw new Error(`there is no course ${unknown}`)
  return new Map([...ofCategory, ...Object.entries(relevant)])
}
