import type { Clock } from '@headwater/core'
import { calculateObjectSize, Long } from 'bson'
import { ServerError } from '../server-error.ts'
import type { Document } from '../values/document.ts'

/** How long cursors stay open. */
export interface CursorOptions {
  /** Milliseconds after which an idle cursor is dropped. @defaultValue 600_000 */
  idleMs?: number
  /**
   * A cursor whose connection has closed is dropped after this time, unless another connection asks
   * for it. @defaultValue 1_000
   */
  orphanMs?: number
}

/** The defaults of {@link CursorOptions}. */
export const cursorDefaults = { idleMs: 600_000, orphanMs: 1_000 } as const

interface Cursor {
  namespace: string
  rest: Iterator<Document>
  peeked: Document | undefined
  connectionId: number
  touchedMs: number
  isOrphan: boolean
}

const maxBatchBytes = 16 * 1024 * 1024

/**
 * The cursors of one server: results beyond their first batch, until they are read, killed or
 * dropped.
 */
export class Cursors {
  readonly #clock: Clock
  readonly #options: Required<CursorOptions>
  readonly #open = new Map<string, Cursor>()
  #lastId = Long.fromString('4611686018427387904')

  constructor(clock: Clock, options: CursorOptions = {}) {
    this.#clock = clock
    this.#options = { ...cursorDefaults, ...options }
  }

  /** The number of open cursors. */
  get size(): number {
    return this.#open.size
  }

  /**
   * The reply with the first batch of a result. A cursor stays open only when more documents
   * follow.
   */
  start(
    results: Iterable<Document>,
    how: { namespace: string; connectionId: number; batchSize: number; isSingle: boolean },
  ): Document {
    const rest = results[Symbol.iterator]()
    const cursor: Cursor = {
      ...how,
      rest,
      peeked: take(rest),
      touchedMs: this.#clock.monotonic(),
      isOrphan: false,
    }
    const firstBatch = nextBatch(cursor, how.batchSize)
    if (how.isSingle || cursor.peeked === undefined)
      return { cursor: { firstBatch, id: Long.ZERO, ns: how.namespace }, ok: 1 }
    this.#lastId = this.#lastId.add(1 + Math.floor(Math.random() * 1_000_000))
    this.#open.set(this.#lastId.toString(), cursor)
    return { cursor: { firstBatch, id: this.#lastId, ns: how.namespace }, ok: 1 }
  }

  /**
   * The reply with the next batch. An unknown cursor is error 43, another collection's is error 13.
   */
  more(
    id: Long,
    request: { namespace: string; connectionId: number; batchSize: number },
  ): Document {
    const cursor = this.#open.get(id.toString())
    if (cursor === undefined) throw new ServerError(43, `cursor id ${id.toString()} not found`)
    if (cursor.namespace !== request.namespace) {
      throw new ServerError(
        13,
        `Requested getMore on namespace '${request.namespace}', but cursor belongs to a different namespace`,
      )
    }
    Object.assign(cursor, {
      connectionId: request.connectionId,
      touchedMs: this.#clock.monotonic(),
      isOrphan: false,
    })
    const batch = nextBatch(cursor, request.batchSize)
    if (cursor.peeked === undefined) this.#open.delete(id.toString())
    return {
      cursor: {
        nextBatch: batch,
        id: cursor.peeked === undefined ? Long.ZERO : id,
        ns: cursor.namespace,
      },
      ok: 1,
    }
  }

  /** Closes a cursor; returns false for an unknown one. */
  kill(id: Long): boolean {
    return this.#open.delete(id.toString())
  }

  /**
   * Marks the cursors last used over a closed connection, which are dropped soon unless another
   * connection uses them.
   */
  orphan(connectionId: number): void {
    for (const cursor of this.#open.values()) {
      if (cursor.connectionId === connectionId)
        Object.assign(cursor, { isOrphan: true, touchedMs: this.#clock.monotonic() })
    }
  }

  /** Drops idle and orphaned cursors. */
  sweep(): void {
    const now = this.#clock.monotonic()
    for (const [id, cursor] of this.#open) {
      const limitMs = cursor.isOrphan ? this.#options.orphanMs : this.#options.idleMs
      if (now - cursor.touchedMs >= limitMs) this.#open.delete(id)
    }
  }
}

function take(rest: Iterator<Document>): Document | undefined {
  const next = rest.next()
  return next.done === true ? undefined : next.value
}

/** At least one document, then as many as the batch's limits of count and bytes allow. */
function nextBatch(cursor: Cursor, batchSize: number): Document[] {
  const batch: Document[] = []
  let bytes = 0
  while (cursor.peeked !== undefined && batch.length < batchSize) {
    bytes += calculateObjectSize(cursor.peeked)
    if (batch.length > 0 && bytes > maxBatchBytes) break
    batch.push(cursor.peeked)
    cursor.peeked = take(cursor.rest)
  }
  return batch
}
