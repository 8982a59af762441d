import type { VectorCondition, VectorFilter } from './vector-index.ts'

/**
 * A filter as a condition of SQL on `metadata`; keys and values are appended to `values` and stand
 * in it as parameters.
 */
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
    // A list contains an element, and a text, number or truth value itself.
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
      return `CASE WHEN jsonb_typeof(${held}) = 'number' THEN (metadata ->> ${key})::numeric ${comparisons[condition.op]} ${number} ELSE false END`
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
