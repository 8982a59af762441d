import { compileUpdate, documentFromFilter } from '../engine/update.ts'
import type { Engine } from '../engine/engine.ts'
import { compileProjection } from '../engine/projection.ts'
import { sortDocuments } from '../engine/sort.ts'
import { ServerError } from '../server-error.ts'
import type { Collection } from '../store/collection.ts'
import { equalValues } from '../values/compare.ts'
import { type Document, encodeDocument } from '../values/document.ts'
import { toNumber } from '../values/number.ts'
import {
  collectionName,
  collectionOf,
  type Command,
  type CommandContext,
  documentField,
  documentsField,
  engineFor,
  flagField,
  matching,
  refuse,
} from './command.ts'
import { checkFields, eachWrite } from './write-errors.ts'

/** Commands that change documents. */
export const writeCommands: Record<string, Command> = {
  insert: {
    fields: ['documents', 'ordered', 'bypassDocumentValidation'],
    run: (command, context) => {
      const documents = documentsField(command, 'documents')
      const collection = context.store.open(context.database, collectionName(command))
      let n = 0
      const writeErrors = eachWrite(documents, flagField(command, 'ordered', true), (document) => {
        collection.insert(document)
        n += 1
      })
      return { n, ...writeErrors, ok: 1 }
    },
  },
  update: { fields: ['updates', 'ordered', 'bypassDocumentValidation', 'let'], run: update },
  delete: { fields: ['deletes', 'ordered', 'let'], run: remove },
  findAndModify: {
    fields: [
      'query',
      'sort',
      'remove',
      'update',
      'new',
      'fields',
      'upsert',
      'bypassDocumentValidation',
      'collation',
      'arrayFilters',
      'hint',
      'let',
    ],
    run: findAndModify,
  },
}

/** One update, and whether it may insert a document or change several. */
interface Change {
  filter: Document
  update: unknown
  arrayFilters: unknown
  isMulti: boolean
  isUpsert: boolean
  sort?: Document
  engine: Engine
}

interface Changed {
  matched: number
  modified: number
  before?: Document
  after?: Document
  upserted?: Document
}

function change(collection: Collection, given: Change): Changed {
  const update = compileUpdate(given.update, {
    filter: given.filter,
    arrayFilters: given.arrayFilters,
    engine: given.engine,
  })
  if (update.isReplacement && given.isMulti) {
    throw new ServerError(9, 'multi update is not supported for replacement-style update')
  }
  const all = sortDocuments(matching(collection, given.filter, given.engine), given.sort ?? {})
  const found = given.isMulti ? all : all.slice(0, 1)
  if (found.length === 0 && given.isUpsert) {
    const start = documentFromFilter(given.filter)
    const document = update.apply(start, { inserting: true })
    if (Object.hasOwn(start, '_id') && !equalValues(start['_id'], document['_id'])) {
      throw new ServerError(
        66,
        `Performing an update on the path '_id' would modify the immutable field '_id'`,
      )
    }
    const upserted = collection.insert(document)
    return { matched: 0, modified: 0, after: upserted, upserted }
  }
  const result: Changed = { matched: found.length, modified: 0 }
  for (const before of found) {
    const after = update.apply(before, { inserting: false })
    if (!isSame(before, after)) {
      collection.replace(before, after)
      result.modified += 1
    }
    Object.assign(result, { before, after })
  }
  return result
}

function isSame(before: Document, after: Document): boolean {
  return Buffer.compare(encodeDocument(before), encodeDocument(after)) === 0
}

function update(command: Document, context: CommandContext): Document {
  const engine = engineFor(command, context)
  const counts = { n: 0, nModified: 0 }
  const upserted: Document[] = []
  const ordered = flagField(command, 'ordered', true)
  const updates = documentsField(command, 'updates')
  for (const given of updates) {
    const optional = ['multi', 'upsert', 'arrayFilters', 'hint', 'collation', 'sort', 'c']
    checkFields(given, 'update.updates', { required: ['q', 'u'], optional })
    refuse(given, 'collation', 'c')
  }
  const writeErrors = eachWrite(updates, ordered, (given, index) => {
    const isUpsert = flagField(given, 'upsert')
    const collection = target(command, context, isUpsert)
    if (collection === undefined) {
      return void compileUpdate(given['u'], {
        filter: documentField(given, 'q', {}),
        arrayFilters: given['arrayFilters'],
        engine,
      })
    }
    const result = change(collection, {
      filter: documentField(given, 'q', {}),
      update: given['u'],
      arrayFilters: given['arrayFilters'],
      isMulti: flagField(given, 'multi'),
      isUpsert,
      sort: documentField(given, 'sort', {}),
      engine,
    })
    counts.n += result.matched + (result.upserted === undefined ? 0 : 1)
    counts.nModified += result.modified
    if (result.upserted !== undefined) upserted.push({ index, _id: result.upserted['_id'] })
  })
  return { ...counts, ...(upserted.length === 0 ? {} : { upserted }), ...writeErrors, ok: 1 }
}

function target(
  command: Document,
  context: CommandContext,
  creates: boolean,
): Collection | undefined {
  return creates
    ? context.store.open(context.database, collectionName(command))
    : collectionOf(command, context)
}

function remove(command: Document, context: CommandContext): Document {
  const engine = engineFor(command, context)
  const collection = collectionOf(command, context)
  let n = 0
  const deletes = documentsField(command, 'deletes')
  for (const given of deletes) {
    checkFields(given, 'delete.deletes', {
      required: ['q', 'limit'],
      optional: ['hint', 'collation'],
    })
    refuse(given, 'collation')
    const limit = toNumber(given['limit'])
    if (limit !== 0 && limit !== 1) {
      throw new ServerError(
        9,
        `The limit field in delete objects must be 0 or 1. Got ${String(limit)}`,
      )
    }
  }
  const writeErrors = eachWrite(deletes, flagField(command, 'ordered', true), (given) => {
    const found = matching(collection, documentField(given, 'q', {}), engine)
    for (const document of toNumber(given['limit']) === 1 ? found.slice(0, 1) : found) {
      collection?.remove(document)
      n += 1
    }
  })
  return { n, ...writeErrors, ok: 1 }
}

function findAndModify(command: Document, context: CommandContext): Document {
  refuse(command, 'collation')
  const removes = flagField(command, 'remove')
  if (removes === (command['update'] !== undefined))
    throw new ServerError(9, 'Either an update or remove=true must be specified')
  if (removes && (flagField(command, 'upsert') || flagField(command, 'new'))) {
    throw new ServerError(9, 'Cannot specify both upsert or new and remove=true')
  }
  const engine = engineFor(command, context)
  const projection = documentField(command, 'fields', {})
  const project =
    Object.keys(projection).length === 0
      ? (document: Document) => document
      : compileProjection(projection, engine)
  const collection = target(command, context, flagField(command, 'upsert'))
  const { lastErrorObject, value } = removes
    ? findAndRemove(command, collection, engine)
    : findAndUpdate(command, collection, engine)
  return { lastErrorObject, value: value === undefined ? null : project(value), ok: 1 }
}

interface Modified {
  lastErrorObject: Document
  value: Document | undefined
}

function findAndRemove(
  command: Document,
  collection: Collection | undefined,
  engine: Engine,
): Modified {
  const found = sortDocuments(
    matching(collection, documentField(command, 'query', {}), engine),
    documentField(command, 'sort', {}),
  )
  const [value] = found
  if (value !== undefined) collection?.remove(value)
  return { lastErrorObject: { n: value === undefined ? 0 : 1 }, value }
}

function findAndUpdate(
  command: Document,
  collection: Collection | undefined,
  engine: Engine,
): Modified {
  if (collection === undefined)
    return { lastErrorObject: { n: 0, updatedExisting: false }, value: undefined }
  const { matched, upserted, before, after } = change(collection, {
    filter: documentField(command, 'query', {}),
    sort: documentField(command, 'sort', {}),
    update: command['update'],
    arrayFilters: command['arrayFilters'],
    isMulti: false,
    isUpsert: flagField(command, 'upsert'),
    engine,
  })
  const counts = { n: upserted === undefined ? matched : 1, updatedExisting: matched > 0 }
  const lastErrorObject = upserted === undefined ? counts : { ...counts, upserted: upserted['_id'] }
  return { lastErrorObject, value: flagField(command, 'new') ? after : before }
}
