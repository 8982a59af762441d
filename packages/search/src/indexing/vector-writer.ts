import { err } from '@headwater/core'
import { embedEach, isRefusalOfText } from '../embedders/embed-each.ts'
import { recordIdOf } from './course-document.ts'
import type { CourseDocument } from './course-document.ts'
import { PendingVectors } from './pending-vectors.ts'
import type { WriteRun, WriterDeps } from './write-run.ts'

/** A document with the vector of its text. */
export interface EmbeddedDocument extends CourseDocument {
  readonly values: readonly number[]
}

/** Embeds and stores documents. A vector that could not be stored is not paid for again. */
export class VectorWriter {
  readonly #deps: WriterDeps
  readonly #pending = new PendingVectors()

  constructor(deps: WriterDeps) {
    this.#deps = deps
  }

  /** Embeds the texts, all in one call of the embedder, and stores their vectors. */
  async embedAndStore(documents: readonly CourseDocument[], run: WriteRun): Promise<void> {
    const paid = documents.flatMap((document) => {
      const values = this.#pending.get(document.hash)
      return values === undefined ? [] : [{ ...document, values }]
    })
    const isPaid = new Set(paid.map(({ hash }) => hash))
    const unpaid = documents.filter(({ hash }) => !isPaid.has(hash))
    await this.store([...paid, ...(await this.#embed(unpaid, run))], run)
  }

  /** Stores documents. A batch that the index refuses is halved until the culprits stand alone. */
  async store(documents: readonly EmbeddedDocument[], run: WriteRun): Promise<void> {
    if (documents.length === 0) return
    const { generation, memory, clock } = this.#deps
    const records = documents.map(({ course, values, metadata }) => ({
      id: recordIdOf(course.id),
      values,
      metadata,
    }))
    const stored = await generation.index.upsert(records, run.options)
    if (stored.isOk()) run.affectsResults = true
    const isRefused = stored.isErr() && isRefusalOfText(stored.error)
    if (isRefused && documents.length > 1) {
      const middle = Math.ceil(documents.length / 2)
      await this.store(documents.slice(0, middle), run)
      return this.store(documents.slice(middle), run)
    }
    for (const { course, hash, values } of documents) {
      if (stored.isOk()) memory.remember(course, hash, clock.monotonic())
      if (stored.isOk() || isRefused) this.#pending.forget(hash)
      else this.#pending.keep(hash, values)
      run.outcomes.set(
        course.id,
        stored.map(() => 'stored'),
      )
    }
  }

  async #embed(documents: readonly CourseDocument[], run: WriteRun): Promise<EmbeddedDocument[]> {
    const embedded = await embedEach(
      this.#deps.generation.embedder,
      documents.map(({ text }) => text),
      { ...run.options, purpose: 'document' },
    )
    return documents.flatMap((document, index) => {
      const text = embedded[index]
      if (text === undefined) return []
      if ('vector' in text) return [{ ...document, values: text.vector }]
      run.outcomes.set(document.course.id, err(text.failure))
      return []
    })
  }
}
