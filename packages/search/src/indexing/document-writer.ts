import { isDeepStrictEqual } from 'node:util'
import { err, forEachInParallel, ok } from '@headwater/core'
import { recordIdOf } from './course-document.ts'
import type { CourseDocument } from './course-document.ts'
import { VectorWriter } from './vector-writer.ts'
import { updatesAtOnce } from './write-run.ts'
import type { WriteRun, WriterDeps } from './write-run.ts'
import type { VectorMetadata, VectorRecord } from '../vectors/vector-index.ts'

/** The metadata of a course in the index; `undefined` where it has no record. */
type MetadataLookup = (document: CourseDocument) => VectorMetadata | undefined

/** Metadata that no filter and no ranking uses. */
const unsearched = { enrollment_count: 0, version: 0 } as const satisfies VectorMetadata

/**
 * Writes documents, and no more of each than has changed: the vector only when the embedded text
 * has, otherwise the metadata.
 */
export class DocumentWriter {
  readonly #deps: WriterDeps
  readonly #vectors: VectorWriter

  constructor(deps: WriterDeps) {
    this.#deps = deps
    this.#vectors = new VectorWriter(deps)
  }

  /** Reads the records, then writes those that differ. */
  async write(documents: readonly CourseDocument[], run: WriteRun): Promise<void> {
    if (documents.length === 0) return
    const stored = await this.#deps.generation.index.fetch(
      documents.map(({ course }) => recordIdOf(course.id)),
      run.options,
    )
    if (stored.isErr()) {
      for (const { course } of documents) run.outcomes.set(course.id, err(stored.error))
      return
    }
    await this.#writeChanged(documents, stored.value, run)
  }

  async #writeChanged(
    documents: readonly CourseDocument[],
    stored: ReadonlyMap<string, VectorRecord>,
    run: WriteRun,
  ): Promise<void> {
    const inIndex: MetadataLookup = ({ course }) => stored.get(recordIdOf(course.id))?.metadata
    const same = documents.filter((document) => this.#isSameText(document, inIndex(document)))
    for (const { course, hash } of same) {
      this.#deps.memory.remember(course, hash, this.#deps.clock.monotonic())
      run.outcomes.set(course.id, ok('unchanged'))
    }
    const isSame = new Set(same)
    const different = same.filter(
      (document) => !isDeepStrictEqual(document.metadata, inIndex(document)),
    )
    // An update only adds keys. To remove one, the record is stored again with the vector it has.
    const hasSurplus = (document: CourseDocument): boolean =>
      Object.keys(inIndex(document) ?? {}).some((key) => !(key in document.metadata))
    await Promise.all([
      this.#vectors.embedAndStore(
        documents.filter((document) => !isSame.has(document)),
        run,
      ),
      this.#updateMetadata(
        different.filter((document) => !hasSurplus(document)),
        inIndex,
        run,
      ),
      this.#vectors.store(
        different.filter(hasSurplus).map((document) => ({
          ...document,
          values: stored.get(recordIdOf(document.course.id))?.values ?? [],
        })),
        run,
      ),
    ])
  }

  async #updateMetadata(
    documents: readonly CourseDocument[],
    inIndex: MetadataLookup,
    run: WriteRun,
  ): Promise<void> {
    const { generation, memory } = this.#deps
    await forEachInParallel(documents, updatesAtOnce, async (document) => {
      const { course } = document
      // The hash stays as it is: it belongs to the vector, and an index may show writes late.
      const { hash: _, ...metadata } = document.metadata
      const updated = await generation.index.updateMetadata(
        recordIdOf(course.id),
        metadata,
        run.options,
      )
      const isSearched = !isDeepStrictEqual(
        { ...document.metadata, ...unsearched },
        { ...inIndex(document), ...unsearched },
      )
      if (updated.isOk() && isSearched) run.affectsResults = true
      if (updated.isErr()) memory.forget(course.id)
      run.outcomes.set(
        course.id,
        updated.map(() => 'updated'),
      )
    })
  }

  /** The last write of this process outranks the index, which may show an older state. */
  #isSameText({ course, hash }: CourseDocument, inIndex: VectorMetadata | undefined): boolean {
    return inIndex?.['hash'] === hash && (this.#deps.memory.get(course.id)?.hash ?? hash) === hash
  }
}
