import { notSupported, ServerError } from '../server-error.ts'
import {
  idIndex,
  type IndexSpecification,
  parseIndexSpecification,
} from '../store/index-specification.ts'
import { equalValues } from '../values/compare.ts'
import { type Document, isDocument } from '../values/document.ts'
import {
  collectionName,
  collectionOf,
  type Command,
  type CommandContext,
  countField,
  documentField,
  documentsField,
  engineFor,
  flagField,
  namespaceOf,
  refuse,
} from './command.ts'

const collectionOptions = [
  'capped',
  'size',
  'max',
  'storageEngine',
  'validator',
  'validationLevel',
  'validationAction',
  'indexOptionDefaults',
  'viewOn',
  'pipeline',
  'collation',
  'timeseries',
  'expireAfterSeconds',
  'clusteredIndex',
  'changeStreamPreAndPostImages',
  'encryptedFields',
]

/** Commands about collections, indexes and databases. */
export const catalogCommands: Record<string, Command> = {
  create: {
    fields: [...collectionOptions, 'idIndex'],
    run: (command, context) => {
      if (collectionOf(command, context) !== undefined) {
        throw new ServerError(48, `Collection ${namespaceOf(command, context)} already exists.`)
      }
      refuse(command, ...collectionOptions)
      context.store.open(context.database, collectionName(command))
      return { ok: 1 }
    },
  },
  renameCollection: { fields: ['to', 'dropTarget'], run: renameCollection },
  drop: {
    fields: [],
    run: (command, context) => {
      const dropped = context.store.drop(context.database, collectionName(command))
      return dropped === undefined
        ? { ok: 1 }
        : { nIndexesWas: dropped.indexes.length, ns: namespaceOf(command, context), ok: 1 }
    },
  },
  dropDatabase: {
    fields: [],
    run: (_command, context) => {
      context.store.dropDatabase(context.database)
      return { dropped: context.database, ok: 1 }
    },
  },
  listCollections: {
    fields: ['filter', 'nameOnly', 'authorizedCollections', 'cursor'],
    run: listCollections,
  },
  listDatabases: { fields: ['filter', 'nameOnly', 'authorizedDatabases'], run: listDatabases },
  createIndexes: { fields: ['indexes', 'commitQuorum'], run: createIndexes },
  listIndexes: {
    fields: ['cursor', 'includeBuildUUIDs', 'includeIndexBuildInfo'],
    run: (command, context) => {
      const collection = collectionOf(command, context)
      if (collection === undefined) throw missing(command, context)
      return reply(
        collection.indexes.map((index) => ({ ...index })),
        command,
        context,
      )
    },
  },
  dropIndexes: { fields: ['index'], run: dropIndexes },
  collMod: { fields: ['index', ...collectionOptions], run: modifyCollection },
}

function renameCollection(command: Document, context: CommandContext): Document {
  const [from, to] = [command['renameCollection'], command['to']].map((namespace) =>
    splitNamespace(namespace),
  )
  if (from === undefined || to === undefined || from.database !== to.database) {
    throw notSupported('renaming into another database')
  }
  if (context.store.find(from.database, from.name) === undefined)
    throw new ServerError(26, 'Source collection does not exist')
  if (context.store.find(to.database, to.name) !== undefined && !flagField(command, 'dropTarget')) {
    throw new ServerError(48, 'target namespace exists')
  }
  context.store.rename(from.database, from.name, to.name)
  return { ok: 1 }
}

function splitNamespace(namespace: unknown): { database: string; name: string } {
  const [, database, name] = /^([^.]+)\.(.+)$/.exec(String(namespace)) ?? []
  if (database === undefined || name === undefined) {
    throw new ServerError(73, `Invalid namespace specified '${String(namespace)}'`)
  }
  return { database, name }
}

function listCollections(command: Document, context: CommandContext): Document {
  const nameOnly = flagField(command, 'nameOnly')
  const collections = [...context.store.collections(context.database).keys()].map(
    (name): Document => {
      const short = { name, type: 'collection' }
      return nameOnly
        ? short
        : { ...short, options: {}, info: { readOnly: false }, idIndex: { ...idIndex } }
    },
  )
  const test = engineFor({}, context).filter(documentField(command, 'filter', {}))
  return reply(
    collections.filter(test),
    { ...command, listCollections: '$cmd.listCollections' },
    context,
  )
}

function listDatabases(command: Document, context: CommandContext): Document {
  const test = engineFor({}, context).filter(documentField(command, 'filter', {}))
  const databases = context.store.databaseNames
    .map((name): Document => ({ name, sizeOnDisk: 0, empty: false }))
    .filter(test)
  if (flagField(command, 'nameOnly'))
    return { databases: databases.map(({ name }) => ({ name })), ok: 1 }
  return { databases, totalSize: 0, totalSizeMb: 0, ok: 1 }
}

function createIndexes(command: Document, context: CommandContext): Document {
  const specifications = documentsField(command, 'indexes').map(parseIndexSpecification)
  if (specifications.length === 0)
    throw new ServerError(2, 'Must specify at least one index to create')
  const isNew = collectionOf(command, context) === undefined
  const collection = context.store.open(context.database, collectionName(command))
  const numIndexesBefore = collection.indexes.length
  const created: IndexSpecification[] = []
  try {
    for (const specification of specifications)
      if (collection.createIndex(specification)) created.push(specification)
  } catch (error) {
    for (const { name } of created) collection.dropIndex(name)
    throw error
  }
  const note = created.length === 0 ? { note: 'all indexes already exist' } : {}
  return {
    numIndexesBefore,
    numIndexesAfter: collection.indexes.length,
    createdCollectionAutomatically: isNew,
    ...note,
    ok: 1,
  }
}

function dropIndexes(command: Document, context: CommandContext): Document {
  const collection = collectionOf(command, context)
  if (collection === undefined) throw missing(command, context)
  const { index } = command
  const nIndexesWas = collection.indexes.length
  const others = collection.indexes
    .filter(({ name }) => name !== idIndex.name)
    .map(({ name }) => name)
  const names =
    index === '*'
      ? others
      : (Array.isArray(index) ? index : [index]).map((one: unknown) =>
          nameOf(collection.indexes, one),
        )
  const unknown = names.find((name) => name !== idIndex.name && !others.includes(name))
  if (unknown !== undefined) throw new ServerError(27, `index not found with name [${unknown}]`)
  for (const name of names) collection.dropIndex(name)
  return { nIndexesWas, ok: 1 }
}

/** Changes when the documents of a TTL index expire, and nothing else. */
function modifyCollection(command: Document, context: CommandContext): Document {
  refuse(command, ...collectionOptions)
  const collection = collectionOf(command, context)
  if (collection === undefined) throw missing(command, context)
  const { name, keyPattern, expireAfterSeconds, ...others } = documentField(command, 'index', {})
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw notSupported(`the index option '${unknown}' of collMod`)
  const index = nameOf(collection.indexes, keyPattern ?? name)
  return {
    expireAfterSeconds_old: collection.setExpiry(index, expireAfterSeconds),
    expireAfterSeconds_new: expireAfterSeconds,
    ok: 1,
  }
}

function nameOf(indexes: IndexSpecification[], key: unknown): string {
  if (!isDocument(key)) return String(key)
  const found = indexes.find((index) => equalValues(index.key, key))
  if (found === undefined)
    throw new ServerError(27, `can't find index with key: ${JSON.stringify(key)}`)
  return found.name
}

function missing(command: Document, context: CommandContext): ServerError {
  return new ServerError(26, `ns does not exist: ${namespaceOf(command, context)}`)
}

function reply(results: Document[], command: Document, context: CommandContext): Document {
  return context.cursors.start(results, {
    namespace: namespaceOf(command, context),
    connectionId: context.connectionId,
    batchSize: countField(documentField(command, 'cursor', {}), 'batchSize') ?? results.length,
    isSingle: false,
  })
}
