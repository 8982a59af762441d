import type { HttpReply } from '../http-stand-in/http-stand-in.ts'
import { PineconeError, invalidArgument, notFound } from './pinecone-error.ts'
import { namespaceOf } from './record-fields.ts'
import { integerWithin, optionalString, parseBody } from './request-fields.ts'
import { defaultNamespace } from './stored-index.ts'
import type { StoredIndex } from './stored-index.ts'
import { pageOf } from './vector-reads.ts'

const maxPageSize = 100

/** `GET /namespaces`: a page of the namespaces that begin with a prefix. */
export function listNamespaces(index: StoredIndex, parameters: URLSearchParams): HttpReply {
  const prefix = parameters.get('prefix') ?? ''
  const limit = integerWithin(Number(parameters.get('limit') ?? maxPageSize), 'limit', {
    min: 1,
    max: maxPageSize,
  })
  const names = Array.from(index.namespaces().keys())
    .filter((name) => name.startsWith(prefix))
    .sort()
  const { page, pagination } = pageOf(names, limit, parameters.get('paginationToken'))
  return {
    status: 200,
    body: {
      namespaces: page.map((name) => namespaceBody(index, name)),
      total_count: names.length,
      ...pagination,
    },
  }
}

/** `POST /namespaces`: an empty namespace. */
export function createNamespace(index: StoredIndex, body: string): HttpReply {
  const fields = parseBody(body, ['name', 'schema'])
  if (fields['schema'] !== undefined)
    throw invalidArgument('This stand-in does not keep schemas of namespaces')
  const name = namespaceOf(optionalString(fields, 'name'))
  if (name === defaultNamespace) throw invalidArgument(`${defaultNamespace} is reserved`)
  if (index.has(name))
    throw new PineconeError(409, 'ALREADY_EXISTS', `Namespace ${name} already exists`)
  index.write(name, () => {})
  return { status: 200, body: namespaceBody(index, name) }
}

/** `GET /namespaces/{name}`. */
export function describeNamespace(index: StoredIndex, name: string): HttpReply {
  if (!index.has(name)) throw notFound('Namespace not found')
  return { status: 200, body: namespaceBody(index, name) }
}

/** `DELETE /namespaces/{name}`: the namespace with all its records. */
export function deleteNamespace(index: StoredIndex, name: string): HttpReply {
  if (!index.has(name)) throw notFound('Namespace not found')
  const lsn = index.drop(name)
  return { status: 200, body: {}, headers: { 'x-pinecone-request-lsn': String(lsn) } }
}

function namespaceBody(index: StoredIndex, name: string): unknown {
  return { name, record_count: String(index.read(name).size) }
}
