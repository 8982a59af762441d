import { setTimeout } from 'node:timers/promises'
import { orThrow } from '@headwater/core'
import type { CourseRepository } from '@headwater/repositories'
import { hashingEmbedder, type VectorIndex } from '@headwater/search'
import { anyOf } from '../run/chance.ts'
import type { Ledger } from './ledger.ts'
import { dimensions, type Platform } from './platform.ts'

const words = [
  'algebra',
  'piano',
  'pottery',
  'python',
  'statistics',
  'breathing',
  'marketing',
  'french',
  'containers',
  'painting',
]
const categories = ['Science', 'Art', 'Language', 'Technology']

/** The counts of a run. */
export interface Worked {
  edits: number
  searches: number
  failedSearches: number
  /** Courses in results that must not have been found at any moment of the search. */
  denied: number
  /** The same count for answers of the index alone: the control. */
  deniedByIndexAlone: number
}

function title(): string {
  return `${anyOf(words)} and ${anyOf(words)} ${Math.floor(Math.random() * 1_000)}`
}

/** Dependencies of a writer. */
export interface Writing {
  readonly courses: CourseRepository
  /** The courses of this writer. */
  readonly ids: number[]
  readonly ledger: Ledger
  readonly worked: Worked
}

/**
 * Edits, publishes, unpublishes, deletes and creates its own courses, one after another.
 */
export async function write(writing: Writing, untilMs: number): Promise<void> {
  while (performance.now() < untilMs) {
    if (await change(writing, anyOf(writing.ids))) writing.worked.edits += 1
    await setTimeout(5)
  }
}

/** Changes a course once; returns whether the change was made. */
async function change({ courses, ids, ledger }: Writing, id: number): Promise<boolean> {
  const dice = Math.random()
  if (dice < 0.4)
    return (await courses.update(id, { title: title(), category: anyOf(categories) })).isOk()
  if (dice < 0.55)
    return (await courses.update(id, { price: String(Math.floor(Math.random() * 90) + 10) })).isOk()
  if (dice < 0.75)
    return (await courses.unpublish(id))
      .map(() => {
        ledger.denied(id)
      })
      .isOk()
  if (dice < 0.95) {
    ledger.publishing(id)
    return (await courses.publish(id)).isOk()
  }
  const replaced = await courses
    .delete(id)
    .andThen(() => {
      ledger.denied(id)
      return courses.create({
        title: title(),
        instructorId: 1,
        price: '20',
        category: anyOf(categories),
      })
    })
    .andThen((created) => {
      ids.splice(ids.indexOf(id), 1, created.id)
      return courses.publish(created.id)
    })
  return replaced.isOk()
}

/** Dependencies of a searcher. */
export interface Searching {
  /** The process to search next. */
  readonly platform: () => Platform
  readonly indexes: readonly VectorIndex[]
  readonly ledger: Ledger
  readonly worked: Worked
}

/**
 * Searches continuously, through the platform and through the index alone, and checks every result.
 */
export async function search(
  { platform, indexes, ledger, worked }: Searching,
  untilMs: number,
): Promise<void> {
  const embedder = hashingEmbedder({ dimensions })
  while (performance.now() < untilMs) {
    const query = anyOf(words)
    const fromMs = performance.now()
    const { search: courses, stores } = platform()
    const found = await courses.search(
      query,
      Math.random() < 0.3 ? { category: anyOf(categories) } : {},
    )
    worked.searches += 1
    // The process has been killed.
    if (found.isErr() && !stores.isClosing)
      process.stderr.write(`  a search failed: ${found.error.message}\n`)
    if (found.isErr()) worked.failedSearches += stores.isClosing ? 0 : 1
    else
      worked.denied += ledger.countDenied(
        found.value.hits.map(({ course }) => course.id),
        { fromMs, toMs: performance.now() },
      )
    const [vector = []] = orThrow(await embedder.embed([query]))
    for (const index of indexes) {
      const askedMs = performance.now()
      const matches = await index.query({ vector, topK: 10 }, { deadlineMs: 200 })
      const ids = matches
        .map((all) => all.map(({ id }) => Number(id.slice('course_'.length))))
        .unwrapOr([])
      worked.deniedByIndexAlone += ledger.countDenied(ids, {
        fromMs: askedMs,
        toMs: performance.now(),
      })
    }
    await setTimeout(10)
  }
}
