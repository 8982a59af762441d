/** The part of a MongoDB database that bulk writes use. */
export interface BulkDatabase {
  collection(name: string): {
    insertMany(
      documents: readonly { _id: string }[],
      options: { readonly ordered: false },
    ): Promise<unknown>
    bulkWrite(
      operations: readonly BulkUpdate[],
      options: { readonly ordered: false },
    ): Promise<unknown>
  }
}

interface BulkUpdate {
  readonly updateOne: {
    readonly filter: { readonly _id: string }
    readonly update: DocumentUpdate['update']
    readonly upsert: true
  }
}

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
  database: BulkDatabase,
  name: string,
  documents: readonly { _id: string }[],
): Promise<RejectedDocument[]> {
  if (documents.length === 0) return []
  try {
    await database.collection(name).insertMany(documents, { ordered: false })
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
 * refused. Where another writer created the same document at the same time, it is updated by a
 * second command. Rejects when a command as a whole failed, or when the second one lost a race too.
 */
export async function upsert(
  database: BulkDatabase,
  name: string,
  updates: readonly DocumentUpdate[],
): Promise<RejectedDocument[]> {
  const { rejected, lost } = await upsertOnce(database, name, updates)
  if (lost.length === 0) return rejected
  const again = await upsertOnce(database, name, lost)
  if (again.lost.length > 0) throw again.error
  return [...rejected, ...again.rejected]
}

interface UpsertOutcome {
  readonly rejected: RejectedDocument[]
  /** Updates that lost a race for a new document. */
  readonly lost: readonly DocumentUpdate[]
  readonly error?: unknown
}

async function upsertOnce(
  database: BulkDatabase,
  name: string,
  updates: readonly DocumentUpdate[],
): Promise<UpsertOutcome> {
  if (updates.length === 0) return { rejected: [], lost: [] }
  const operations = updates.map(({ id, update }) => ({
    updateOne: { filter: { _id: id }, update, upsert: true as const },
  }))
  try {
    await database.collection(name).bulkWrite(operations, { ordered: false })
    return { rejected: [], lost: [] }
  } catch (error) {
    const failures = writeErrors(error).flatMap(({ index, code }) => {
      const update = updates[index]
      return update === undefined ? [] : [{ update, code }]
    })
    return {
      rejected: failures
        .filter(({ code }) => code !== duplicateKey)
        .map(({ update, code }) => ({ id: update.id, code })),
      lost: failures.filter(({ code }) => code === duplicateKey).map(({ update }) => update),
      error,
    }
  }
}

/** An update of one document by {@link upsert}. */
export interface DocumentUpdate {
  /** Its `_id`. */
  readonly id: string
  /** Update operators. */
  readonly update: {
    readonly $set?: object
    readonly $max?: object
    readonly $addToSet?: object
    readonly $setOnInsert: object
  }
}

/** Whether a bulk write failed for nothing but documents that exist. Throws other failures. */
export function onlyDuplicates(error: unknown): boolean {
  return writeErrors(error).every(({ code }) => code === duplicateKey)
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
