import type { MongodbDatabase } from './collections.ts'

/** A document that MongoDB will never take. */
export interface RejectedDocument {
  /** Its `_id`. */
  readonly id: string
  /** MongoDB's error code. */
  readonly code: number
}

const duplicateKey = 11_000

/**
 * Inserts the documents whose `_id` is new, in one command, and returns those that MongoDB refused.
 * Rejects when the command as a whole failed.
 */
export async function insertNew(
  database: MongodbDatabase,
  name: string,
  documents: readonly { _id: string }[],
): Promise<RejectedDocument[]> {
  if (documents.length === 0) return []
  try {
    await database.collection<{ _id: string }>(name).insertMany([...documents], { ordered: false })
    return []
  } catch (error) {
    return writeErrors(error).flatMap(({ index, code }) => {
      const document = documents[index]
      return code === duplicateKey || document === undefined ? [] : [{ id: document._id, code }]
    })
  }
}

/**
 * Updates documents and creates those that are missing, in one command; returns those that MongoDB
 * refused. Rejects when the command as a whole failed, or when another writer created the same
 * document at the same time: then a further try succeeds.
 */
export async function upsert(
  database: MongodbDatabase,
  name: string,
  updates: readonly DocumentUpdate[],
): Promise<RejectedDocument[]> {
  if (updates.length === 0) return []
  const operations = updates.map(({ id, update }) => ({
    updateOne: { filter: { _id: id }, update, upsert: true },
  }))
  try {
    await database.collection<{ _id: string }>(name).bulkWrite(operations, { ordered: false })
    return []
  } catch (error) {
    const failures = writeErrors(error)
    if (failures.some(({ code }) => code === duplicateKey)) throw error
    return failures.map(({ index, code }) => ({ id: updates[index]?.id ?? '', code }))
  }
}

/** An update of one document by {@link upsert}. */
export interface DocumentUpdate {
  /** Its `_id`. */
  readonly id: string
  /** Update operators. */
  readonly update: { readonly $set: object; readonly $setOnInsert: object }
}

interface WriteFailure {
  readonly index: number
  readonly code: number
}

function writeErrors(error: unknown): WriteFailure[] {
  const { writeErrors } = error as { writeErrors?: WriteFailure | WriteFailure[] }
  const failures = writeErrors === undefined ? [] : [writeErrors].flat()
  if (failures.length === 0) throw error
  return failures
}
