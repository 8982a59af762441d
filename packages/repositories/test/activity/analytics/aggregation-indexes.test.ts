import { describe, expect, test } from 'vitest'
import { collectionIndexes } from '../../../src/activity/collections.ts'
import { aggregations } from './every-aggregation.ts'

interface Scan {
  readonly collection: string
  readonly match: Readonly<Record<string, unknown>>
}

/** The first condition on each collection of an aggregation. */
function scansOf(
  collection: string,
  pipeline: readonly Readonly<Record<string, unknown>>[],
): Scan[] {
  const unions = pipeline.flatMap(({ $unionWith }) =>
    $unionWith === undefined
      ? []
      : [$unionWith as { coll: string; pipeline: Record<string, unknown>[] }],
  )
  const [{ $match: match } = {}] = pipeline
  return [
    { collection, match: (match ?? {}) as Scan['match'] },
    ...unions.flatMap(({ coll, pipeline: inner }) => scansOf(coll, inner)),
  ]
}

/**
 * The indexes whose leading fields are fixed and whose last one, the timestamp, is bounded on both
 * sides.
 */
function indexesFor({ collection, match }: Scan): string[] {
  const isFixed = (field: string) =>
    typeof match[field] === 'string' ||
    typeof match[field] === 'number' ||
    Object.hasOwn(match[field] ?? {}, '$in')
  const bounds = Object.keys(match['timestamp'] ?? {})
  return Object.entries(collectionIndexes)
    .filter(([name]) => name === collection)
    .flatMap(([, keys]) => keys.map((key) => Object.keys(key)))
    .filter(
      (fields) =>
        fields.slice(0, -1).every(isFixed) &&
        fields.at(-1) === 'timestamp' &&
        bounds.join() === '$gte,$lt',
    )
    .map((fields) => fields.join(', '))
}

describe('the aggregations of the activity log', () => {
  test.each(aggregations)(
    'The aggregation of %s bounds an index of every collection that it reads',
    (_name, { collection, pipeline }) => {
      for (const scan of scansOf(collection, pipeline))
        expect({ scan, indexes: indexesFor(scan).length }).toMatchObject({
          indexes: expect.toSatisfy((count: number) => count > 0) as unknown,
        })
    },
  )

  test('The aggregations of one type and of one course have an index of their own', () => {
    const indexesOf = (wanted: string) =>
      aggregations
        .filter(([name]) => name === wanted)
        .flatMap(([, { collection, pipeline }]) =>
          scansOf(collection, pipeline).flatMap(indexesFor),
        )
    expect(indexesOf('events of one type')).toContain('event_type, timestamp')
    expect(indexesOf('the funnel of one course')).toContain('course_id, timestamp')
    expect(indexesOf('revenue of one course')).toContain('course_id, timestamp')
  })
})
