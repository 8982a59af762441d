import type { VectorFilter } from './vector-index.ts'

/**
 * A filter in Pinecone's language. Every condition names its operator: the client refuses `{ open:
 * false }`, whose value is falsy.
 */
export function pineconeFilter(filter: VectorFilter): Record<string, unknown> {
  if (filter.op === 'and' || filter.op === 'or')
    return { [`$${filter.op}`]: filter.filters.map(pineconeFilter) }
  return {
    [filter.key]: { [`$${filter.op}`]: 'values' in filter ? [...filter.values] : filter.value },
  }
}
