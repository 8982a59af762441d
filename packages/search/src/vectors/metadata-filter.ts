import type {
  MetadataValue,
  VectorCondition,
  VectorFilter,
  VectorMetadata,
} from './vector-index.ts'

/** Whether a record with this metadata passes a filter. */
export function passesFilter(metadata: VectorMetadata, filter: VectorFilter): boolean {
  if (filter.op === 'and') return filter.filters.every((part) => passesFilter(metadata, part))
  if (filter.op === 'or') return filter.filters.some((part) => passesFilter(metadata, part))
  const value = Object.hasOwn(metadata, filter.key) ? metadata[filter.key] : undefined
  return value !== undefined && meets(value, filter)
}

function meets(value: MetadataValue, condition: VectorCondition): boolean {
  switch (condition.op) {
    case 'eq':
      return holds(value, condition.value)
    case 'ne':
      return !holds(value, condition.value)
    case 'in':
      return condition.values.some((wanted) => holds(value, wanted))
    case 'nin':
      return !condition.values.some((unwanted) => holds(value, unwanted))
    default:
      return typeof value === 'number' && compares(value, condition)
  }
}

function compares(
  value: number,
  condition: Extract<VectorCondition, { readonly op: 'gt' | 'gte' | 'lt' | 'lte' }>,
): boolean {
  switch (condition.op) {
    case 'gt':
      return value > condition.value
    case 'gte':
      return value >= condition.value
    case 'lt':
      return value < condition.value
    case 'lte':
      return value <= condition.value
  }
}

function holds(value: MetadataValue, wanted: string | number | boolean): boolean {
  return Array.isArray(value) ? value.includes(wanted) : value === wanted
}
