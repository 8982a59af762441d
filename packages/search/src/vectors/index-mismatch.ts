import type { Failure, StoreName } from '@headwater/core'

/** What an index is made for, as far as it says. */
export interface IndexShape {
  /** Length of its vectors. */
  readonly dimensions?: number | undefined
  /** How it compares them. */
  readonly metric?: string | undefined
  /** Kind of its vectors. */
  readonly kind?: string | undefined
}

/** An index exists and is made for other vectors: nothing was stored or found. */
export interface IndexMismatch extends Failure<'index-mismatch'> {
  /** The store that has the index. */
  readonly store: StoreName
  /** Name of the index; of the namespace with pgvector. */
  readonly index: string
  /** What differs. */
  readonly property: keyof IndexShape
  /** What the embedder's vectors need. */
  readonly expected: number | string
  /** What the index has. */
  readonly received: number | string
}

/** The first difference between what an index is and what is needed of it. */
export function mismatchOf(
  { store, index }: Pick<IndexMismatch, 'store' | 'index'>,
  needed: IndexShape,
  found: IndexShape,
): IndexMismatch | undefined {
  for (const property of ['kind', 'dimensions', 'metric'] as const) {
    const [expected, received] = [needed[property], found[property]]
    if (expected === undefined || received === undefined || expected === received) continue
    return {
      type: 'index-mismatch',
      message: messageOf(index, { property, expected, received }),
      retryable: false,
      store,
      index,
      property,
      expected,
      received,
    }
  }
  return undefined
}

function messageOf(
  index: string,
  { property, expected, received }: Pick<IndexMismatch, 'property' | 'expected' | 'received'>,
): string {
  if (property === 'dimensions')
    return (
      `the index ${index} is for vectors of ${received} dimensions and the embedder's have ` +
      `${expected}: use an index for ${expected}, or an embedder with ${received}`
    )
  const has =
    property === 'metric' ? `compares vectors by ${received}` : `is for ${received} vectors`
  return `the index ${index} ${has} instead of ${expected}: use an index made with ${expected}`
}
