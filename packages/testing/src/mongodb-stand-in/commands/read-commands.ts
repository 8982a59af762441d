import { compilePipeline, stageName } from '../engine/pipeline.ts'
import { compileProjection } from '../engine/projection.ts'
import { sortDocuments } from '../engine/sort.ts'
import { Long } from 'bson'
import { ServerError } from '../server-error.ts'
import { distinctValues } from '../values/compare.ts'
import { type Document, isDocument } from '../values/document.ts'
import { toNumber } from '../values/number.ts'
import { valuesAt } from '../values/path.ts'
import {
  collectionName,
  collectionOf,
  type Command,
  type CommandContext,
  countField,
  documentField,
  engineFor,
  flagField,
  matching,
  namespaceOf,
  refuse,
} from './command.ts'
import { writeResults } from './output-stages.ts'

const firstBatchSize = 101

/** Commands that read documents. */
export const readCommands: Record<string, Command> = {
  find: {
    fields: [
      'filter',
      'sort',
      'projection',
      'hint',
      'skip',
      'limit',
      'batchSize',
      'singleBatch',
      'let',
      'collation',
      'min',
      'max',
      'returnKey',
      'showRecordId',
      'tailable',
      'awaitData',
      'noCursorTimeout',
      'allowPartialResults',
      'allowDiskUse',
      'oplogReplay',
    ],
    run: find,
  },
  aggregate: {
    fields: [
      'pipeline',
      'cursor',
      'explain',
      'allowDiskUse',
      'bypassDocumentValidation',
      'hint',
      'let',
      'collation',
    ],
    run: aggregate,
  },
  count: {
    fields: ['query', 'limit', 'skip', 'hint', 'collation', 'fields'],
    run: (command, context) => {
      refuse(command, 'collation')
      const found = matching(
        collectionOf(command, context),
        documentField(command, 'query', {}),
        engineFor(command, context),
      )
      const limit = Math.abs(toNumber(command['limit']) ?? 0)
      const skip = countField(command, 'skip') ?? 0
      return { n: found.slice(skip, limit === 0 ? undefined : skip + limit).length, ok: 1 }
    },
  },
  distinct: {
    fields: ['key', 'query', 'collation', 'hint'],
    run: (command, context) => {
      refuse(command, 'collation')
      const { key } = command
      if (key === undefined)
        throw new ServerError(40414, `BSON field 'distinct.key' is missing but a required field`)
      if (typeof key !== 'string') {
        throw new ServerError(
          14,
          `BSON field 'distinct.key' is the wrong type, expected type 'string'`,
        )
      }
      const found = matching(
        collectionOf(command, context),
        documentField(command, 'query', {}),
        engineFor(command, context),
      )
      const values = found
        .flatMap((document) => valuesAt(document, key))
        .flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : [value]))
      return { values: distinctValues(values.filter((value) => value !== undefined)), ok: 1 }
    },
  },
  getMore: {
    fields: ['collection', 'batchSize'],
    run: (command, context) => {
      const id = command['getMore']
      if (!Long.isLong(id))
        throw new ServerError(
          14,
          `BSON field 'getMore.getMore' is the wrong type, expected type 'long'`,
        )
      const request = {
        namespace: `${context.database}.${String(command['collection'])}`,
        connectionId: context.connectionId,
        batchSize: countField(command, 'batchSize') || Infinity,
      }
      return context.cursors.more(id, request)
    },
  },
  killCursors: {
    fields: ['cursors'],
    run: (command, context) => {
      const ids = Array.isArray(command['cursors'])
        ? command['cursors'].filter((id) => Long.isLong(id))
        : []
      const cursorsKilled: Long[] = []
      const cursorsNotFound: Long[] = []
      for (const id of ids) (context.cursors.kill(id) ? cursorsKilled : cursorsNotFound).push(id)
      return { cursorsKilled, cursorsNotFound, cursorsAlive: [], cursorsUnknown: [], ok: 1 }
    },
  },
}

function find(command: Document, context: CommandContext): Document {
  refuse(
    command,
    'collation',
    'min',
    'max',
    'returnKey',
    'showRecordId',
    'tailable',
    'awaitData',
    'oplogReplay',
  )
  const engine = engineFor(command, context)
  const sort = documentField(command, 'sort', {})
  const projection = documentField(command, 'projection', {})
  const limit = countField(command, 'limit') ?? 0
  const skip = countField(command, 'skip') ?? 0
  const project =
    Object.keys(projection).length === 0 ? undefined : compileProjection(projection, engine)
  const found = sortDocuments(
    matching(collectionOf(command, context), documentField(command, 'filter', {}), engine),
    sort,
  )
  const page =
    skip === 0 && limit === 0 ? found : found.slice(skip, limit === 0 ? undefined : skip + limit)
  return context.cursors.start(project === undefined ? page : projected(page, project), {
    namespace: namespaceOf(command, context),
    connectionId: context.connectionId,
    batchSize: countField(command, 'batchSize') ?? firstBatchSize,
    isSingle: flagField(command, 'singleBatch'),
  })
}

function* projected(
  documents: Document[],
  project: (document: Document) => Document,
): Generator<Document> {
  for (const document of documents) yield project(document)
}

function aggregate(command: Document, context: CommandContext): Document {
  refuse(command, 'collation', 'explain')
  const { cursor } = command
  if (!isDocument(cursor)) {
    throw new ServerError(
      9,
      `The 'cursor' option is required, except for aggregate with the explain argument`,
    )
  }
  const pipeline: unknown[] = Array.isArray(command['pipeline']) ? command['pipeline'] : []
  if (!Array.isArray(command['pipeline']))
    throw new ServerError(14, `'pipeline' option must be specified as an array`)
  if (typeof command['aggregate'] !== 'string') return aggregateWithoutCollection(pipeline)
  const last = pipeline.at(-1)
  const output = isDocument(last) && ['$out', '$merge'].includes(stageName(last)) ? last : undefined
  const engine = engineFor(command, context)
  const stages = output === undefined ? pipeline : pipeline.slice(0, -1)
  const run = compilePipeline(stages, engine)
  const [first] = stages
  const filter = isDocument(first) && isDocument(first['$match']) ? first['$match'] : {}
  const results = run(collectionOf(command, context)?.candidates(filter) ?? [])
  if (output !== undefined) writeResults(output, { results, context, engine })
  return context.cursors.start(output === undefined ? results : [], {
    namespace: `${context.database}.${collectionName(command)}`,
    connectionId: context.connectionId,
    batchSize: countField(cursor, 'batchSize') ?? firstBatchSize,
    isSingle: false,
  })
}

function aggregateWithoutCollection(pipeline: unknown[]): never {
  const name = stageName(pipeline[0])
  if (name === '$changeStream')
    throw new ServerError(40573, 'The $changeStream stage is only supported on replica sets')
  throw new ServerError(
    238,
    `an aggregation without a collection (${name}) is not supported by this stand-in`,
  )
}
