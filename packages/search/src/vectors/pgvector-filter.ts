import type { VectorCondition, VectorFilter } from './vector-index.ts'

/** A filter as an SQL condition on `metadata`; keys and values become parameters in `values`. */
export function pgvectorFilter(filter: VectorFilter, values: unknown[]): string {
  if (filter.op === 'and')
    return filter.filters.map((part) => `(${pgvectorFilter(part, values)})`).join(' AND ') || 'true'
  if (filter.op === 'or')
    return filter.filters.map((part) => `(${pgvectorFilter(part, values)})`).join(' OR ') || 'false'
  return conditionOf(filter, values)
}

const comparisons = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

function conditionOf(condition: VectorCondition, values: unknown[]): string {
  const key = `${parameter(values, condition.key)}::text`
  const held = `metadata -> ${key}`
  switch (condition.op) {
    // In jsonb, a list contains its elements, and a scalar contains itself.
    case 'eq':
      return `${held} @> ${jsonOf(values, condition.value)}`
    case 'ne':
      return `NOT ${held} @> ${jsonOf(values, condition.value)}`
    case 'in':
      return `${held} @> ANY(${listOf(values, condition.values)})`
    case 'nin':
      return `NOT ${held} @> ANY(${listOf(values, condition.values)})`
    default: {
      const number = `${parameter(values, String(condition.value))}::numeric`
      const compared = `(metadata ->> ${key})::numeric ${comparisons[condition.op]} ${number}`
      return `CASE WHEN jsonb_typeof(${held}) = 'number' THEN ${compared} ELSE false END`
    }
  }
}

function jsonOf(values: unknown[], value: string | number | boolean): string {
  return `${parameter(values, JSON.stringify(value))}::jsonb`
}

function listOf(values: unknown[], wanted: readonly (string | number)[]): string {
  return `${parameter(
    values,
    wanted.map((value) => JSON.stringify(value)),
  )}::jsonb[]`
}

function parameter(values: unknown[], value: unknown): string {
  values.push(value)
  return `$${values.length}`
}
