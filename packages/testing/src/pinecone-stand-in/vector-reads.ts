import type { HttpReply } from '../http-stand-in/http-stand-in.ts'
import { parseFilter } from './metadata-filter.ts'
import { invalidArgument } from './pinecone-error.ts'
import {
  idField,
  namespaceOf,
  pageToken,
  parseIds,
  parsePageToken,
  parseVector,
  refuseSparse,
} from './record-fields.ts'
import {
  flag,
  integerWithin,
  isObject,
  optionalList,
  optionalString,
  parseBody,
} from './request-fields.ts'
import type { Fields } from './request-fields.ts'
import type { StoredVector } from './similarity.ts'
import type { StoredIndex } from './stored-index.ts'
import type { ScoredRecord, StoredNamespace, StoredRecord } from './stored-namespace.ts'

const maxTopK = 10_000
const maxPageSize = 100
const maxResultBytes = 4 * 1024 * 1024
const tuningFields = ['scanFactor', 'maxCandidates']
const queryFields = [
  'namespace',
  'topK',
  'filter',
  'includeValues',
  'includeMetadata',
  'vector',
  'sparseVector',
  'id',
  ...tuningFields,
]

/**
 * `POST /query`: the nearest records, exactly. A query by the id of an absent record matches
 * nothing.
 */
export function query(index: StoredIndex, body: string): HttpReply {
  const fields = parseBody(body, queryFields)
  const name = namespaceOf(optionalString(fields, 'namespace'))
  const namespace = index.read(name)
  const topK = integerWithin(fields['topK'], 'topK', { min: 1, max: maxTopK })
  const passes = fields['filter'] === undefined ? () => true : parseFilter(fields['filter'])
  const vector = queriedVector(namespace, fields, index.definition.dimension)
  const nearest =
    vector === undefined
      ? []
      : namespace.nearest({ metric: index.definition.metric, vector, topK, passes })
  const result = {
    matches: nearest.map((match) => matchBody(match, fields)),
    namespace: name,
    usage: { readUnits: 5 },
  }
  if (Buffer.byteLength(JSON.stringify(result)) <= maxResultBytes) return read(index, result)
  throw invalidArgument(`The result exceeds ${maxResultBytes} bytes; lower topK`)
}

function queriedVector(
  namespace: StoredNamespace,
  fields: Fields,
  dimension: number,
): StoredVector | undefined {
  refuseSparse(fields['sparseVector'])
  if (tuningFields.some((name) => fields[name] !== undefined)) {
    throw invalidArgument(
      'scanFactor and maxCandidates are only supported by indexes with dedicated read nodes',
    )
  }
  const id = idField(fields)
  const vector = optionalList(fields, 'vector')
  if ((id === undefined) === (vector === undefined))
    throw invalidArgument('A query takes either vector or id')
  return id === undefined ? parseVector(vector ?? [], dimension) : namespace.get(id)?.vector
}

function matchBody({ record, score }: ScoredRecord, fields: Fields): unknown {
  return {
    id: record.id,
    score,
    values: flag(fields, 'includeValues') ? Array.from(record.vector.values) : [],
    ...(flag(fields, 'includeMetadata') && record.metadata !== undefined
      ? { metadata: record.metadata }
      : {}),
  }
}

/** `GET /vectors/fetch`: records by id; absent ones are missing. */
export function fetchVectors(index: StoredIndex, parameters: URLSearchParams): HttpReply {
  const name = namespaceOf(parameters.get('namespace'))
  const ids = parseIds(parameters.getAll('ids'))
  const usage = { readUnits: Math.ceil(ids.length / 10) }
  return read(index, { vectors: recordBodies(index.read(name), ids), namespace: name, usage })
}

/** `POST /vectors/fetch_by_metadata`: a page of the records that pass a filter. */
export function fetchByMetadata(index: StoredIndex, body: string): HttpReply {
  const fields = parseBody(body, ['namespace', 'filter', 'limit', 'paginationToken'])
  const name = namespaceOf(optionalString(fields, 'namespace'))
  const passes = parseFilter(fields['filter'])
  const namespace = index.read(name)
  const ids = namespace.ids(({ metadata }) => passes(metadata ?? {}))
  const limit = integerWithin(fields['limit'] ?? maxPageSize, 'limit', { min: 1, max: maxPageSize })
  const { page, pagination } = pageOf(ids, limit, optionalString(fields, 'paginationToken'))
  return read(index, {
    vectors: recordBodies(namespace, page),
    namespace: name,
    usage: { readUnits: 1 },
    ...pagination,
  })
}

/** `GET /vectors/list`: a page of the ids that begin with a prefix. */
export function listVectors(index: StoredIndex, parameters: URLSearchParams): HttpReply {
  const name = namespaceOf(parameters.get('namespace'))
  const prefix = parameters.get('prefix') ?? ''
  const limit = integerWithin(Number(parameters.get('limit') ?? maxPageSize), 'limit', {
    min: 1,
    max: maxPageSize,
  })
  const ids = index.read(name).ids(({ id }) => id.startsWith(prefix))
  const { page, pagination } = pageOf(ids, limit, parameters.get('paginationToken'))
  return read(index, {
    vectors: page.map((id) => ({ id })),
    namespace: name,
    usage: { readUnits: 1 },
    ...pagination,
  })
}

/** `POST /describe_index_stats`: the size of every namespace. */
export function describeStats(index: StoredIndex, body: string): HttpReply {
  const { filter } = parseBody(body === '' ? '{}' : body, ['filter'])
  if (filter !== undefined && !(isObject(filter) && Object.keys(filter).length === 0)) {
    throw invalidArgument(
      'Serverless and Starter indexes do not support describing index stats with metadata filtering',
    )
  }
  const sizes = Array.from(
    index.namespaces(),
    ([name, { size }]) => [name, { vectorCount: size }] as const,
  )
  const totalVectorCount = sizes.reduce((sum, [, { vectorCount }]) => sum + vectorCount, 0)
  const { dimension, metric } = index.definition
  const namespaces = Object.fromEntries(sizes)
  return read(index, {
    namespaces,
    dimension,
    indexFullness: 0,
    totalVectorCount,
    metric,
    vectorType: 'dense',
  })
}

/** One page of sorted names, and the token of the next page. */
export function pageOf(
  names: readonly string[],
  limit: number,
  token: string | null | undefined,
): { page: readonly string[]; pagination: { pagination?: { next: string } } } {
  const after = parsePageToken(token)
  const rest = names.filter((name) => name > after)
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  return {
    page,
    pagination:
      last === undefined || rest.length <= limit ? {} : { pagination: { next: pageToken(last) } },
  }
}

function recordBodies(namespace: StoredNamespace, ids: readonly string[]): Record<string, unknown> {
  const records = ids.map((id) => namespace.get(id)).filter((record) => record !== undefined)
  return Object.fromEntries(records.map((record) => [record.id, recordBody(record)]))
}

function recordBody({ id, vector, metadata }: StoredRecord): unknown {
  return { id, values: Array.from(vector.values), ...(metadata === undefined ? {} : { metadata }) }
}

function read(index: StoredIndex, body: unknown): HttpReply {
  return { status: 200, body, headers: { 'x-pinecone-max-indexed-lsn': String(index.visibleLsn) } }
}
