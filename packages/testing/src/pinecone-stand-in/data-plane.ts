import type { HttpReply, HttpRequest } from '../http-stand-in/http-stand-in.ts'
import {
  createNamespace,
  deleteNamespace,
  describeNamespace,
  listNamespaces,
} from './namespace-routes.ts'
import { PineconeError, notFound } from './pinecone-error.ts'
import type { StoredIndex } from './stored-index.ts'
import { describeStats, fetchByMetadata, fetchVectors, listVectors, query } from './vector-reads.ts'
import { deleteVectors, update, upsert } from './vector-writes.ts'

type Operation = (index: StoredIndex, request: HttpRequest) => HttpReply

const operations: Readonly<Record<string, Operation>> = {
  'POST /vectors/upsert': (index, { body }) => upsert(index, body),
  'POST /vectors/update': (index, { body }) => update(index, body),
  'POST /vectors/delete': (index, { body }) => deleteVectors(index, body),
  'POST /query': (index, { body }) => query(index, body),
  'GET /vectors/fetch': (index, request) => fetchVectors(index, request.query),
  'POST /vectors/fetch_by_metadata': (index, { body }) => fetchByMetadata(index, body),
  'GET /vectors/list': (index, request) => listVectors(index, request.query),
  'POST /describe_index_stats': (index, { body }) => describeStats(index, body),
  'GET /namespaces': (index, request) => listNamespaces(index, request.query),
  'POST /namespaces': (index, { body }) => createNamespace(index, body),
}

/** Answers a request to the host of an index. `path` is the path at that host. */
export function answerDataPlane(index: StoredIndex, path: string, request: HttpRequest): HttpReply {
  const operation =
    operations[`${request.method} ${path}`] ?? namespaceOperation(path, request.method)
  if (operation !== undefined) return operation(index, request)
  const isKnownPath = Object.keys(operations).some((route) => route.endsWith(` ${path}`))
  if (isKnownPath)
    throw new PineconeError(
      405,
      'UNIMPLEMENTED',
      `Method ${request.method} is not allowed for ${path}`,
    )
  throw notFound(`Unknown path ${path}`)
}

function namespaceOperation(path: string, method: string): Operation | undefined {
  const encoded = /^\/namespaces\/([^/]+)$/.exec(path)?.[1]
  if (encoded === undefined) return undefined
  const name = decodeURIComponent(encoded)
  if (method === 'GET') return (index) => describeNamespace(index, name)
  return method === 'DELETE' ? (index) => deleteNamespace(index, name) : undefined
}
