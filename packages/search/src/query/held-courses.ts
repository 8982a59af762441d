import { okAsync } from '@headwater/core'
import type { CallOptions, ResultAsync, SqlError, Stores } from '@headwater/core'
import { heldValues } from './found-conditions.ts'
import type { RankedCourse } from './fusion/fuse.ts'
import { selectHeld } from './lexical-queries.ts'
import { partsOf } from '../typed/query-parts.ts'
import type { OtherConfigurations } from '../spelling/languages.ts'
import type { WordSources } from '../spelling/word-sources.ts'

/** Dependencies of {@link heldBy}. */
export interface HeldDeps {
  readonly stores: Stores
  readonly sources: WordSources
  /** The configurations of the catalogue besides `english`. */
  readonly configurations?: OtherConfigurations
}

/**
 * The ones of these courses that a query's operators allow: with every quoted text, without any
 * that is excluded. Costs 1 PostgreSQL round trip where the query has operators.
 */
export function heldBy(
  query: string,
  found: readonly RankedCourse[],
  { stores, sources, configurations: others = [], ...options }: HeldDeps & CallOptions,
): ResultAsync<readonly RankedCourse[], SqlError> {
  const parts = partsOf(query)
  if (found.length === 0 || parts.phrases.length + parts.excluded.length === 0)
    return okAsync(found)
  const { phrases, excluded, marked } = heldValues(parts)
  const ids = found.map(({ id }) => id)
  return sources
    .use((source) => {
      const configurations = source === 'search_words' ? others : []
      return stores.postgres.query<{ id: number }>(
        selectHeld({ source, configurations, phrases, excluded }),
        configurations.length === 0 ? [ids, phrases, excluded] : [ids, phrases, excluded, marked],
        options,
      )
    })
    .map(({ rows }) => {
      const held = new Set(rows.map(({ id }) => id))
      return found.filter(({ id }) => held.has(id))
    })
}
