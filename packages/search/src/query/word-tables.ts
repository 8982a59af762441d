import type { WordSource } from '../spelling/word-sources.ts'

/**
 * The weights (D, C, B, A) that rank stems, other spellings, and words that are so common that only
 * titles have them.
 */
export interface Weights {
  readonly stems: string
  readonly spellings: string
  readonly common: string
}

/** The tables of words, with the weights of their parts. */
export const sources = {
  search_words: {
    table: '@schema.search_words',
    stems: '{0.3, 0.5, 1, 0}',
    spellings: '{0.3, 0.5, 1, 1}',
    common: '{0, 0, 0, 1}',
  },
  // Without the table of this package: the words as PostgreSQL takes them from a text.
  courses: {
    table: `(
      SELECT id AS course_id, search_vector AS words, lower(coalesce(category, '')) AS category,
             5 AS title_words
      FROM @schema.courses
      WHERE is_published
    )`,
    stems: '{0, 0.3, 0.5, 1}',
    spellings: '{0, 0.3, 0.5, 1}',
    common: '{0, 0.3, 0.5, 1}',
  },
} as const satisfies Record<WordSource, Weights & { readonly table: string }>
