import type { VectorFilter } from './vector-index.ts'

/**
 * A filter in Pinecone's syntax. Every condition names its operator, since the client refuses a
 * bare falsy value such as `{ open: false }`.
 */
export function pineconeFilter(filter: VectorFilter): Record<string, unknown> {
  if (filter.op === 'and' || filter.op === 'or')
    return { [`$${filter.op}`]: filter.filters.map(pineconeFilter) }
  return {
    [filter.key]: { [`$${filter.op}`]: 'values' in filter ? [...filter.values] : filter.value },
  }
}
