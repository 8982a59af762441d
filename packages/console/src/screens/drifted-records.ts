import type { IndexDifference } from '@headwater/search'
import type { DriftedRecord } from '../contract/search-screen.ts'

/** Characters of a value that are shown. */
const longest = 60

/** Differences as they are shown: which field, what the index has, what PostgreSQL says. */
export function driftedRecords(differences: readonly IndexDifference[]): readonly DriftedRecord[] {
  return differences.map(({ kind, recordId, fields }) => ({
    kind,
    recordId,
    ...(fields === undefined
      ? {}
      : {
          fields: fields.map(({ field, indexed, wanted }) => ({
            field: field === 'hash' ? 'embedded text (hash)' : field,
            indexed: shortened(indexed),
            wanted: shortened(wanted),
          })),
        }),
  }))
}

function shortened(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const characters = [...text]
  return characters.length > longest ? `${characters.slice(0, longest).join('')}…` : text
}
