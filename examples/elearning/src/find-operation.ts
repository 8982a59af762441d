import type { Operation } from './operation.ts'
import { operations } from './operations.ts'

const routes = operations.map((operation) => ({
  operation,
  pattern: new RegExp(`^${operation.path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`),
}))

/** The operation that a request asks for and the named parts of its path: a host's own router. */
export function findOperation(
  method: string,
  path: string,
): { readonly operation: Operation; readonly params: object } | undefined {
  for (const { operation, pattern } of routes) {
    const match = operation.method === method ? pattern.exec(path) : null
    if (match !== null) return { operation, params: { ...match.groups } }
  }
  return undefined
}
