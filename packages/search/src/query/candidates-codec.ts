import type { Codec } from '@headwater/core'
import type { Candidates } from './find-candidates.ts'
import { linesOf, packedFrom } from './packed-ranking.ts'
import type { PackedCourses } from './packed-ranking.ts'

/** Candidates as the cache has them: plain data. */
export type StoredCandidates = Omit<Candidates, 'found'> & { readonly found: PackedCourses }

type Compact = Omit<Candidates, 'found'> & { readonly found: string }

/**
 * Writes candidates for the cache: a line of numbers per course, all lines in one text. Releases
 * share a cache: each reads the entries of earlier ones, and ignores fields that it does not know.
 */
export const candidatesCodec: Codec<StoredCandidates> = {
  encode: ({ found, ...rest }): Compact => ({ ...rest, found: linesOf(found) }),
  decode(json) {
    const { found, ...rest } = json as Compact
    if (typeof found !== 'string') throw new TypeError('a ranking is stored as text')
    if (!['string', 'undefined'].includes(typeof rest.didYouMean))
      throw new TypeError('the query that was meant is stored as text')
    return { ...rest, found: packedFrom(found) }
  },
}
