import { findOperation } from '@headwater-examples/elearning'
import type { Answer } from '@headwater-examples/elearning'
import { headwater } from './headwater.ts'

/** A request to the API: of a client, a page or a server action. */
export interface Question {
  readonly method: string
  readonly path: string
  readonly query?: object
  readonly body?: unknown
  /** The headers of the visitor, of whom the cookie and the address count. */
  readonly headers: Headers
  readonly signal?: AbortSignal
}

/** Asks the API, with its sessions, limits and deadlines. Never rejects. */
export async function ask({
  method,
  path,
  query = {},
  body,
  headers,
  signal = new AbortController().signal,
}: Question): Promise<Answer> {
  const { api } = await headwater()
  const found = findOperation(method, path)
  if (found === undefined) return api.noSuchOperation(method, path)
  const header = (name: string) => headers.get(name) ?? undefined
  const address = header(addressHeader) ?? ''
  const { operation, params } = found
  return api.answer(operation, { params, query, body, header, address, signal })
}

/** Route handlers see no socket: the server writes the client's address into this header. */
export const addressHeader = 'x-forwarded-for'
