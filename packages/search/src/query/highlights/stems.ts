import type { Result, SqlError, Stores } from '@headwater/core'
import { ok } from '@headwater/core'
import type { Stems } from './highlights.ts'

/**
 * Words that share a stem, as PostgreSQL's configuration `english` has it. $1 words that were asked
 * for, $2 words of texts.
 */
const selectForms = `
  SELECT DISTINCT 'english' AS configuration, asked.word AS asked, found.word AS found
  FROM (
    SELECT word, unnest(tsvector_to_array(to_tsvector('english', word))) AS stem
    FROM unnest($1::text[]) AS word
  ) AS asked JOIN (
    SELECT word, unnest(tsvector_to_array(to_tsvector('english', word))) AS stem
    FROM unnest($2::text[]) AS word
  ) AS found USING (stem)`

/** As the function `search_spelt` of the migrations, which need not have run. */
const spelt = `CASE configuration
    WHEN 'german'
    THEN regexp_replace(replace(replace(marked, 'ae', 'ä'), 'oe', 'ö'), '(?<![aeiouyäöüq])ue', 'ü', 'g')
    WHEN 'russian' THEN replace(marked, 'ё', 'е')
    ELSE marked END`

/** As their function `search_unmarked`: stems are compared without accents. */
const unmarked = `replace(replace(replace(translate(
             normalize(regexp_replace(normalize(stem, NFKD), '[\\u0300-\\u036f]', '', 'g'), NFC),
             'łøđħıς', 'lodhiσ'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe')`

/** The stems of words, with and without accents; common words have none. */
function stemmed(words: string, marked: string): string {
  return `
    SELECT configuration, word, ${unmarked} AS stem
    FROM unnest(${words}::text[], ${marked}::text[]) AS given (word, marked)
    CROSS JOIN language, LATERAL (SELECT to_tsvector(config, ${spelt}) AS own) AS kept,
    LATERAL unnest(tsvector_to_array(
      CASE WHEN length(kept.own) > 0 THEN kept.own || to_tsvector(config, word) END
    )) AS stem`
}

/**
 * The same in several configurations; those that this PostgreSQL lacks have no stems. $1 words that
 * were asked for, $2 the same with accents, $3 and $4 words of texts, $5 configurations.
 */
const selectFormsIn = `
  WITH language AS MATERIALIZED (
    SELECT name AS configuration, coalesce((
      SELECT oid::regconfig FROM pg_ts_config
      WHERE cfgname = name AND cfgnamespace = 'pg_catalog'::regnamespace
    ), 'simple'::regconfig) AS config
    FROM unnest($5::text[]) AS name
  )
  SELECT DISTINCT configuration, asked.word AS asked, found.word AS found
  FROM (${stemmed('$1', '$2')}
  ) AS asked JOIN (${stemmed('$3', '$4')}
  ) AS found USING (configuration, stem)`

/** What words are stemmed for. */
export interface StemsRequest {
  /** Words that were asked for, in compared form, each with its accents. */
  readonly asked: ReadonlyMap<string, string>
  /** Words of texts, as those. */
  readonly found: ReadonlyMap<string, string>
  /** The configurations of the texts. */
  readonly configurations: readonly string[]
  /** The time that PostgreSQL has, in milliseconds. */
  readonly deadlineMs: number
}

/** The stems that words have in a configuration. */
export type StemsIn = (configuration: string) => Stems

/** Words of which no stems are known. */
export const asTheyStand: Stems = { formsOf: (asked) => new Set([asked]), isCommon: () => false }

interface Form {
  readonly configuration: string
  readonly asked: string
  readonly found: string
}

/** The words that share a stem with what was asked for: 1 round trip. */
export async function stemsOf(
  { postgres }: Stores,
  { asked, found, configurations, deadlineMs }: StemsRequest,
): Promise<Result<StemsIn, SqlError>> {
  if (asked.size === 0) return ok(() => asTheyStand)
  const all = new Map([...asked, ...found])
  const isEnglish = configurations.every((name) => name === 'english')
  const read = await (isEnglish
    ? postgres.query<Form>(selectForms, [[...asked.keys()], [...all.keys()]], { deadlineMs })
    : postgres.query<Form>(
        selectFormsIn,
        [
          [...asked.keys()],
          [...asked.values()],
          [...all.keys()],
          [...all.values()],
          configurations,
        ],
        { deadlineMs },
      ))
  return read.map(({ rows }) => {
    const byConfiguration = Map.groupBy(rows, ({ configuration }) => configuration)
    return (name) => stemsFrom(byConfiguration.get(name) ?? [])
  })
}

function stemsFrom(rows: readonly Form[]): Stems {
  const forms = Map.groupBy(rows, ({ asked }) => asked)
  const formsOf = (word: string): ReadonlySet<string> =>
    new Set([word, ...(forms.get(word) ?? []).map(({ found }) => found)])
  return {
    formsOf,
    isCommon: (word) => forms.get(word)?.some(({ found }) => found === word) !== true,
  }
}
