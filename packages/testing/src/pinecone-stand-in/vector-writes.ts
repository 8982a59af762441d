import type { HttpReply } from '../http-stand-in/http-stand-in.ts'
import { mergeMetadata, parseMetadata } from './metadata.ts'
import { parseFilter } from './metadata-filter.ts'
import type { MetadataPredicate } from './metadata-filter.ts'
import { PineconeError, invalidArgument, notFound } from './pinecone-error.ts'
import {
  idField,
  namespaceOf,
  parseIds,
  parseRecord,
  parseStoredVector,
  refuseSparse,
} from './record-fields.ts'
import { flag, isObject, optionalList, optionalString, parseBody } from './request-fields.ts'
import type { Fields } from './request-fields.ts'
import type { StoredIndex } from './stored-index.ts'
import type { RecordChange, StoredNamespace } from './stored-namespace.ts'

const maxRecords = 1_000
const maxRequestBytes = 2 * 1024 * 1024

/** `POST /vectors/upsert`: all records or none. */
export function upsert(index: StoredIndex, body: string): HttpReply {
  const bytes = Buffer.byteLength(body)
  if (bytes > maxRequestBytes) {
    throw new PineconeError(
      400,
      'OUT_OF_RANGE',
      `Request size ${bytes} exceeds the maximum supported size of ${maxRequestBytes} bytes`,
    )
  }
  const fields = parseBody(body, ['vectors', 'namespace'])
  const vectors = optionalList(fields, 'vectors') ?? []
  if (vectors.length === 0 || vectors.length > maxRecords) {
    throw invalidArgument(`vectors: expected 1 to ${maxRecords}, got ${vectors.length}`)
  }
  const records = vectors.map((vector) => parseRecord(vector, index.definition.dimension))
  const lsn = index.write(namespaceField(fields), (namespace) => namespace.upsert(records))
  return written(lsn, { upsertedCount: records.length })
}

/** `POST /vectors/delete`: by ids, by filter, or all of a namespace. */
export function deleteVectors(index: StoredIndex, body: string): HttpReply {
  const fields = parseBody(body, ['ids', 'deleteAll', 'namespace', 'filter'])
  const name = namespaceField(fields)
  const drop = parseDeletion(fields)
  if (!index.has(name)) throw notFound('Namespace not found')
  return written(drop === 'all' ? index.drop(name) : index.write(name, drop), {})
}

function parseDeletion(fields: Fields): 'all' | ((namespace: StoredNamespace) => void) {
  const isAll = flag(fields, 'deleteAll')
  const ids = optionalList(fields, 'ids') ?? []
  const { filter } = fields
  if ([isAll, ids.length > 0, filter !== undefined].filter(Boolean).length !== 1) {
    throw invalidArgument('A delete takes exactly one of ids, filter and deleteAll')
  }
  if (isAll) return 'all'
  if (filter === undefined) {
    const checked = parseIds(ids)
    return (namespace) => namespace.delete(checked)
  }
  const passes = nonEmptyFilter(filter)
  return (namespace) => namespace.delete(namespace.ids(({ metadata }) => passes(metadata ?? {})))
}

/**
 * `POST /vectors/update`: the vector or metadata of one record, or the metadata of all that pass a
 * filter.
 */
export function update(index: StoredIndex, body: string): HttpReply {
  const fields = parseBody(body, [
    'id',
    'values',
    'sparseValues',
    'setMetadata',
    'namespace',
    'filter',
    'dryRun',
  ])
  refuseSparse(fields['sparseValues'])
  const name = namespaceField(fields)
  const values = optionalList(fields, 'values')
  const metadata =
    fields['setMetadata'] === undefined ? undefined : parseMetadata(fields['setMetadata'])
  const change: RecordChange = {
    ...(values === undefined || values.length === 0
      ? {}
      : { vector: parseStoredVector(values, index.definition.dimension) }),
    ...(metadata === undefined ? {} : { metadata }),
  }
  const ids = updatedIds(index.read(name), fields, change)
  const isDry = flag(fields, 'dryRun') || !index.has(name)
  const lsn = isDry
    ? index.visibleLsn
    : index.write(name, (namespace) => ids.forEach((id) => namespace.update(id, change)))
  return written(lsn, fields['filter'] === undefined ? {} : { matchedRecords: ids.length })
}

function updatedIds(
  namespace: StoredNamespace,
  fields: Fields,
  change: RecordChange,
): readonly string[] {
  const id = idField(fields)
  const { filter } = fields
  if ((id === undefined) === (filter === undefined))
    throw invalidArgument('An update takes either id or filter')
  if (id === undefined && (change.vector !== undefined || change.metadata === undefined)) {
    throw invalidArgument('An update by filter sets metadata and nothing else')
  }
  const passes = id === undefined ? nonEmptyFilter(filter) : undefined
  const ids =
    id === undefined ? namespace.ids(({ metadata }) => passes?.(metadata ?? {}) ?? false) : [id]
  for (const changed of ids)
    mergeMetadata(namespace.get(changed)?.metadata ?? {}, change.metadata ?? {})
  return ids
}

function nonEmptyFilter(filter: unknown): MetadataPredicate {
  if (isObject(filter) && Object.keys(filter).length === 0)
    throw invalidArgument('filter must not be empty')
  return parseFilter(filter)
}

function namespaceField(fields: Fields): string {
  return namespaceOf(optionalString(fields, 'namespace'))
}

function written(lsn: number, body: unknown): HttpReply {
  return { status: 200, body, headers: { 'x-pinecone-request-lsn': String(lsn) } }
}
