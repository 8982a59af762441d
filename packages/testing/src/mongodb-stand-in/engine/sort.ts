import { ServerError } from '../server-error.ts'
import { compareValues } from '../values/compare.ts'
import { isDocument } from '../values/document.ts'
import { toNumber } from '../values/number.ts'
import { valuesAt } from '../values/path.ts'

/**
 * A comparison of documents by a sort specification. An array sorts by its smallest element
 * ascending and by its largest descending; a missing field sorts as null.
 */
export function bySpecification(specification: unknown): (left: unknown, right: unknown) => number {
  const keys = sortKeys(specification)
  return (left, right) => {
    for (const { path, direction } of keys) {
      const order =
        compareValues(sortValue(left, path, direction), sortValue(right, path, direction)) *
        direction
      if (order !== 0) return order
    }
    return 0
  }
}

/**
 * Sorted copies by a specification, each key computed once per document; equal documents keep their
 * order.
 */
export function sortDocuments<T>(documents: T[], specification: unknown): T[] {
  const keys = sortKeys(specification)
  const valuesOf = (document: T): unknown[] =>
    keys.map(({ path, direction }) => sortValue(document, path, direction))
  const keyed = documents.map((document) => ({ document, values: valuesOf(document) }))
  keyed.sort((left, right) => {
    for (let index = 0; index < keys.length; index += 1) {
      const order =
        compareValues(left.values[index], right.values[index]) * (keys[index]?.direction ?? 1)
      if (order !== 0) return order
    }
    return 0
  })
  return keyed.map(({ document }) => document)
}

interface SortKey {
  path: string
  direction: 1 | -1
}

function sortKeys(specification: unknown): SortKey[] {
  if (!isDocument(specification))
    throw new ServerError(14, 'the sort specification must be an object')
  return Object.entries(specification).map(([path, value]) => {
    const direction = toNumber(value)
    if (direction !== 1 && direction !== -1) {
      throw new ServerError(
        15975,
        `$sort key ordering must be 1 (for ascending) or -1 (for descending)`,
      )
    }
    if (path === '' || path.startsWith('$'))
      throw new ServerError(16410, `FieldPath field names may not start with '$'`)
    return { path, direction }
  })
}

function sortValue(document: unknown, path: string, direction: 1 | -1): unknown {
  const values = valuesAt(document, path).flatMap((value) => {
    if (!Array.isArray(value)) return [value ?? null]
    return value.length === 0 ? [undefined] : (value as unknown[])
  })
  if (values.length === 0) return null
  return values.reduce((best, value) => (compareValues(value, best) * direction < 0 ? value : best))
}
