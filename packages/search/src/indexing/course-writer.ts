import { isDeepStrictEqual } from 'node:util'
import { err, forEachInParallel, ok } from '@headwater/core'
import type { CallOptions } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import { courseMetadata, courseText, hasSeats, recordIdOf, textHash } from './course-document.ts'
import type { CourseIndexerParts, IndexOutcomes } from './course-indexer.ts'
import { embedEach, isRefusalOfText } from '../embedders/embed-each.ts'
import { IndexedCourses } from './write-memory.ts'
import { UnstoredVectors } from './pending-vectors.ts'
import type { VectorMetadata } from '../vectors/vector-index.ts'

/** What one pass of writing did. */
export interface WrittenCourses {
  /** What became of each course. */
  readonly results: IndexOutcomes
  /**
   * Whether searches may find otherwise than before: not when no more than numbers of students has
   * changed.
   */
  readonly isFoundOtherwise: boolean
  /**
   * Courses of which only the number of students has changed, too soon after the last time, and how
   * long they are to wait.
   */
  readonly deferred: { readonly courseIds: readonly number[]; readonly waitMs: number }
}

/** One pass: what is known so far of its courses, and the caller's limits. */
interface Pass {
  readonly results: IndexOutcomes
  isFoundOtherwise: boolean
  readonly deferred: number[]
  readonly options: CallOptions
}

interface CourseDocument {
  readonly course: Course
  readonly text: string
  readonly hash: string
  readonly metadata: VectorMetadata
}

interface EmbeddedDocument extends CourseDocument {
  readonly values: readonly number[]
}

/** What the index says of a course; nothing where it has no record of it. */
type IndexLookup = (document: CourseDocument) => VectorMetadata | undefined

/** What no filter looks at and no ranking comes from. */
const unsearched = { enrollment_count: 0, version: 0 } as const satisfies VectorMetadata

const countIntervalMs = 60_000
const updatesAtOnce = 8

/**
 * Writes what rows say into the index, and no more than has changed: a vector only when the
 * embedded text has, what stands beside it otherwise.
 */
export class CourseWriter {
  readonly #parts: CourseIndexerParts
  readonly #indexed = new IndexedCourses()
  readonly #unstored = new UnstoredVectors()

  constructor(parts: CourseIndexerParts) {
    this.#parts = parts
  }

  /** Forgets what was written about a course. */
  forget(courseId: number): void {
    this.#indexed.delete(courseId)
  }

  /** Has the next writing of a course look at the index. */
  doubt(courseId: number): void {
    this.#indexed.doubt(courseId)
  }

  /**
   * Writes what these rows say; an id without a row, or with an unpublished one, is removed. Never
   * rejects.
   */
  async write(
    ids: readonly number[],
    rows: ReadonlyMap<number, Course>,
    options: CallOptions,
  ): Promise<WrittenCourses> {
    const pass: Pass = { results: new Map(), isFoundOtherwise: false, deferred: [], options }
    const published = ids
      .flatMap((id) => rows.get(id) ?? [])
      .filter(({ isPublished }) => isPublished)
    const isCounted = ({ id, version }: Course): boolean =>
      this.#indexed.get(id)?.version === version
    await Promise.all([
      this.#remove(
        ids.filter((id) => rows.get(id)?.isPublished !== true),
        rows,
        pass,
      ),
      this.#writeCounts(published.filter(isCounted), pass),
      this.#writeDocuments(
        published.filter((course) => !isCounted(course)).map((course) => this.#document(course)),
        pass,
      ),
    ])
    const { results, isFoundOtherwise } = pass
    return {
      results,
      isFoundOtherwise,
      deferred: { courseIds: pass.deferred, waitMs: countIntervalMs },
    }
  }

  async #remove(
    ids: readonly number[],
    rows: ReadonlyMap<number, Course>,
    { results, options }: Pass,
  ): Promise<void> {
    if (ids.length === 0) return
    const removed = await this.#parts.generation.index.delete(ids.map(recordIdOf), options)
    for (const id of ids) {
      this.#indexed.delete(id)
      results.set(
        id,
        removed.map(() => (rows.has(id) ? 'removed' : 'gone')),
      )
    }
  }

  /**
   * The version is the one that was written last: nothing but enrollments can have changed, so the
   * index need not be read.
   */
  async #writeCounts(courses: readonly Course[], pass: Pass): Promise<void> {
    const due = courses.filter((course) => this.#isCountDue(course, pass))
    await forEachInParallel(due, updatesAtOnce, async (course) => {
      const metadata = { has_places: hasSeats(course), enrollment_count: course.currentEnrollment }
      const before = this.#indexed.get(course.id)
      const updated = await this.#parts.generation.index.updateMetadata(
        recordIdOf(course.id),
        metadata,
        pass.options,
      )
      if (updated.isOk() && before?.hasSeats !== metadata.has_places) pass.isFoundOtherwise = true
      if (updated.isOk()) this.#remember(course, before?.hash ?? '')
      pass.results.set(
        course.id,
        updated.map(() => 'updated'),
      )
    })
  }

  #isCountDue(course: Course, { results, deferred }: Pass): boolean {
    const before = this.#indexed.get(course.id)
    if (before === undefined || before.hasSeats !== hasSeats(course)) return true
    results.set(course.id, ok('unchanged'))
    if (before.enrollmentCount === course.currentEnrollment) return false
    const isDue = this.#parts.stores.clock.monotonic() - before.countedAtMs >= countIntervalMs
    if (!isDue) deferred.push(course.id)
    return isDue
  }

  async #writeDocuments(documents: readonly CourseDocument[], pass: Pass): Promise<void> {
    if (documents.length === 0) return
    const stored = await this.#parts.generation.index.fetch(
      documents.map(({ course }) => recordIdOf(course.id)),
      pass.options,
    )
    if (stored.isErr()) {
      for (const { course } of documents) pass.results.set(course.id, err(stored.error))
      return
    }
    const inIndex: IndexLookup = (document) =>
      stored.value.get(recordIdOf(document.course.id))?.metadata
    const isSameText = (document: CourseDocument): boolean =>
      this.#isSameText(document, inIndex(document))
    const differs = (document: CourseDocument): boolean =>
      !isDeepStrictEqual(document.metadata, inIndex(document))
    const same = documents.filter(isSameText)
    for (const { course, hash } of same) {
      this.#remember(course, hash)
      pass.results.set(course.id, ok('unchanged'))
    }
    // An update only adds keys: where one is to go the record is stored anew, with the vector that
    // it has.
    const surplus = (document: CourseDocument): boolean =>
      Object.keys(inIndex(document) ?? {}).some((key) => !(key in document.metadata))
    const different = same.filter(differs)
    const isSame = new Set(same)
    await Promise.all([
      this.#storeVectors(
        documents.filter((document) => !isSame.has(document)),
        pass,
      ),
      this.#updateMetadata(
        different.filter((document) => !surplus(document)),
        inIndex,
        pass,
      ),
      this.#upsert(
        different.filter(surplus).map((document) => ({
          ...document,
          values: stored.value.get(recordIdOf(document.course.id))?.values ?? [],
        })),
        pass,
      ),
    ])
  }

  async #storeVectors(documents: readonly CourseDocument[], pass: Pass): Promise<void> {
    const paid = documents.flatMap((document) => {
      const values = this.#unstored.get(document.hash)
      return values === undefined ? [] : [{ ...document, values }]
    })
    const isPaid = new Set(paid.map(({ hash }) => hash))
    const unpaid = documents.filter(({ hash }) => !isPaid.has(hash))
    const embedded = await embedEach(
      this.#parts.generation.embedder,
      unpaid.map(({ text }) => text),
      pass.options,
    )
    const embeddedDocuments = unpaid.flatMap((document, place) => {
      const text = embedded[place]
      if (text === undefined || 'vector' in text)
        return text === undefined ? [] : [{ ...document, values: text.vector }]
      pass.results.set(document.course.id, err(text.failure))
      return []
    })
    await this.#upsert([...paid, ...embeddedDocuments], pass)
  }

  /** A batch that the index refuses is halved until the culprits stand alone. */
  async #upsert(documents: readonly EmbeddedDocument[], pass: Pass): Promise<void> {
    if (documents.length === 0) return
    const records = documents.map(({ course, values, metadata }) => ({
      id: recordIdOf(course.id),
      values,
      metadata,
    }))
    const stored = await this.#parts.generation.index.upsert(records, pass.options)
    if (stored.isOk()) pass.isFoundOtherwise = true
    const isRefused = stored.isErr() && isRefusalOfText(stored.error)
    if (isRefused && documents.length > 1) {
      const middle = Math.ceil(documents.length / 2)
      await this.#upsert(documents.slice(0, middle), pass)
      return this.#upsert(documents.slice(middle), pass)
    }
    for (const { course, hash, values } of documents) {
      if (stored.isOk()) this.#remember(course, hash)
      if (stored.isOk() || isRefused) this.#unstored.forget(hash)
      else this.#unstored.keep(hash, values)
      pass.results.set(
        course.id,
        stored.map(() => 'stored'),
      )
    }
  }

  async #updateMetadata(
    documents: readonly CourseDocument[],
    inIndex: IndexLookup,
    pass: Pass,
  ): Promise<void> {
    await forEachInParallel(documents, updatesAtOnce, async (document) => {
      const {
        course,
        metadata: { hash: _, ...metadata },
      } = document
      // The hash in the index stays as it is: it belongs to the vector, and an index may show what
      // was written last too late.
      const updated = await this.#parts.generation.index.updateMetadata(
        recordIdOf(course.id),
        metadata,
        pass.options,
      )
      const isSearched = !isDeepStrictEqual(
        { ...document.metadata, ...unsearched },
        { ...inIndex(document), ...unsearched },
      )
      if (updated.isOk() && isSearched) pass.isFoundOtherwise = true
      if (updated.isErr()) this.#indexed.delete(course.id)
      pass.results.set(
        course.id,
        updated.map(() => 'updated'),
      )
    })
  }

  #document(course: Course): CourseDocument {
    const { generation } = this.#parts
    const text = courseText(course, generation.template)
    const hash = textHash(generation.name, text)
    return {
      course,
      text,
      hash,
      metadata: courseMetadata(course, { hash, generation: generation.name }),
    }
  }

  /**
   * What this process wrote counts for more than what the index shows, which may be what was there
   * before.
   */
  #isSameText({ course, hash }: CourseDocument, inIndex: VectorMetadata | undefined): boolean {
    return inIndex?.['hash'] === hash && (this.#indexed.get(course.id)?.hash ?? hash) === hash
  }

  #remember(course: Course, hash: string): void {
    this.#indexed.set(course.id, {
      version: course.version,
      hash,
      hasSeats: hasSeats(course),
      enrollmentCount: course.currentEnrollment,
      countedAtMs: this.#parts.stores.clock.monotonic(),
    })
  }
}
