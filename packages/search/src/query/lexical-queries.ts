import { heldConditions, heldTable, restrictions } from './found-conditions.ts'
import type { HeldTexts } from './found-conditions.ts'
import { synonymParts } from './synonym-parts.ts'
import type { SynonymParts } from './synonym-parts.ts'
import type { WordSource } from '../spelling/word-sources.ts'
import { languageParts } from './language-parts.ts'
import type { LanguageParts } from './language-parts.ts'
import { sources } from './word-tables.ts'
import type { Weights } from './word-tables.ts'

/** The words in the title of `found`. */
const title = `ts_filter(found.words, '{a,b}')`

/** The number of courses that show whether a term is common. */
const sample = 60

/** What the operators of a query depend on. */
interface HeldStatement extends HeldTexts {
  readonly source: WordSource
}

/** What a search for words depends on. */
export interface WordStatement extends HeldStatement {
  readonly isFiltered: boolean
  /** Whether a word has synonyms. */
  readonly hasSynonyms: boolean
  /**
   * The most courses with a word in the title that are ranked. Of more, those that PostgreSQL finds
   * first.
   */
  readonly maxRanked: number
  /** The most courses that are ranked for a word that is not in their titles. */
  readonly maxElsewhere: number
}

/**
 * Published courses whose title, category or description match, best first, each with its share of
 * the words of the query, by their weight. Courses that match the whole query come before courses
 * that match some of its words; a rare word counts for more than a frequent one, an exact word for
 * more than a synonym, and that for more than the beginning of one. Courses whose category is the
 * query come first.
 *
 * $1 the query in compared form, $2 each word as a `tsquery`, $3 other spellings of it, or null, $4
 * as the beginning of a word, or null, $5 in the title, $6 all words as the title, $7 quoted texts,
 * $8 excluded texts, $9 limit, then, if filtered, $10 to $16 as {@link passesFilters} takes them,
 * then, if any word has them, synonyms of each, or null, then, of a catalogue in several languages,
 * each word with its accents, then, if there are any, quoted and excluded texts with theirs.
 */
export function selectMatchingCourses(statement: WordStatement): string {
  const { table, ...weights } = sources[statement.source]
  const next = statement.isFiltered ? 17 : 10
  const synonyms = synonymParts(statement.hasSynonyms ? `$${next}` : undefined)
  const marked = statement.hasSynonyms ? next + 1 : next
  const languages = languageParts(statement.configurations, `$${marked}`)
  return `
  WITH ${heldTable(statement, 7, `$${marked + 1}`)}${readWords(weights, synonyms, languages)},
  ${sampleTerms(statement, languages)},
  ${findTerms(statement)},
  ${weighTerms(statement, languages)}
  SELECT found.course_id AS id, scored.score, scored.coverage, scored.has_word,
         found.words @@ asked.whole AS has_all
  FROM ${languages.courses(table)}, LATERAL (
    SELECT coalesce(sum(
             weighed.weight * (
               greatest(ts_rank(weighed.weights, found.words, weighed.ranked),
                        ts_rank('${weights.spellings}', found.words, weighed.spelt)
                        ${synonyms.rank(weights.spellings)})
               + 0.6 * coalesce(ts_rank('${weights.stems}', found.words, weighed.unfinished), 0)
               + CASE WHEN found.words @@ asked.whole AND found.words @@ weighed.exact
                      THEN 0.2 + 0.2 / found.title_words ELSE 0 END
             )
           ), 0)
           + total.weight * (
               CASE WHEN found.words @@ asked.whole THEN 1 ELSE 0 END
               + CASE WHEN found.words @@ asked.finished THEN 1 ELSE 0 END${synonyms.loss}
               + CASE WHEN found.words @@ asked.title THEN 0.5 ELSE 0 END
               + CASE WHEN found.category = $1::text THEN 3 ELSE 0 END
             ) AS score,
           coalesce(sum(weighed.weight), 0) / total.weight AS coverage,
           coalesce(bool_or(NOT weighed.is_number), false) AS has_word
    FROM weighed
    WHERE ${languages.ofCourse}found.words @@ weighed.query
  ) AS scored
  ORDER BY scored.score DESC, found.course_id
  LIMIT ${unknown('$9::bigint')}`
}

/** The words of the query, and all of them together. */
function readWords(
  weights: Pick<Weights, 'stems' | 'common'>,
  synonyms: SynonymParts,
  { queryOf, ...languages }: LanguageParts,
): string {
  const arrays = ['$2', '$3', '$4', '$5'].map((each) => unknown(`${each}::text[]`)).join(', ')
  const names = `word, spelt, unfinished, exact${synonyms.name}${languages.name}, place`
  return `word AS MATERIALIZED (
    SELECT ${synonyms.columns}${languages.columns.part}part.place, part.exact, part.spelt, part.unfinished,
           stem.query IS NULL${synonyms.unlessMeant} AS is_common,
           part.word !~ '[^0-9''() &<>-]' AS is_number,
           coalesce(stem.query, part.query) AS ranked,
           CASE WHEN stem.query IS NULL THEN '${weights.common}' ELSE '${weights.stems}' END::real[] AS weights,
           spelling.finished${synonyms.besides} AS finished,
           spelling.finished${synonyms.besides} || coalesce(part.unfinished, '') AS query
    FROM (
      SELECT ${languages.columns.one}one.place, one.word,
             to_tsquery('simple', one.word) AS query,
             ${queryOf('one.spelt')} AS spelt,
             ${queryOf('one.unfinished')} AS unfinished,
             ${synonyms.read(queryOf)}to_tsquery('simple', one.exact) AS exact
      FROM unnest(${arrays}${synonyms.parameter}${languages.parameter})
           WITH ORDINALITY AS one (${names})${languages.tables}
    ) AS part, LATERAL (
      SELECT ${languages.stem} AS query
    ) AS stem, LATERAL (
      SELECT part.query || coalesce(stem.query, '') || coalesce(part.spelt, '') AS finished
    ) AS spelling
  ), asked AS MATERIALIZED (
    SELECT ${languages.columns.word}string_agg('(' || word.query::text || ')', ' & ')::tsquery AS whole,
           string_agg('(' || word.finished::text || ')', ' & ')::tsquery AS finished,
           ${synonyms.own}to_tsquery('simple', $6::text) AS title,
           $7::text[] AS phrases, $8::text[] AS excluded
    FROM word
    WHERE ${languages.isAsked}${languages.groupedByLanguage}
  )`
}

/** Each word, and several words together as term 0, and how common each is in a sample. */
function sampleTerms({ source }: WordStatement, { terms, whole }: LanguageParts): string {
  return `term AS MATERIALIZED (
    ${terms}
    UNION ALL
    SELECT 0, ${whole}, null FROM asked WHERE cardinality($2::text[]) > 1
  ), sampled AS MATERIALIZED (
    SELECT term.place,
           count(*) FILTER (WHERE found.title @@ term.finished) AS titles,
           count(*) FILTER (WHERE found.words @@ term.finished) AS courses
    FROM term, (
      SELECT found.words, ${title} AS title
      FROM ${sources[source].table} AS found
      ORDER BY course_id LIMIT ${sample}
    ) AS found
    GROUP BY term.place
  )`
}

/** The courses with each term. */
function findTerms(statement: WordStatement): string {
  const { table } = sources[statement.source]
  const { maxRanked } = statement
  const elsewhere = elsewhereOf(statement)
  const [inTitle, inWords] = [`${title} @@ term.finished`, `found.words @@ term.finished`]
  const besides = hasTitles(statement) ? `${inWords} AND NOT ${inTitle}` : inWords
  const matching = (condition: string, sampled: string, most: number): string =>
    matchesOf(statement, { condition, sampled, most })
  return `in_title AS MATERIALIZED (
    SELECT term.place, matched.course_id
    FROM term JOIN sampled USING (place), LATERAL (${matching(inTitle, 'sampled.titles', maxRanked)}
    ) AS matched
    WHERE ${hasTitles(statement)}
  ), elsewhere AS MATERIALIZED (
    SELECT term.place, matched.course_id
    FROM term JOIN sampled USING (place), LATERAL (${matching(besides, 'sampled.courses', elsewhere)}
    ) AS matched
    WHERE (SELECT count(*) FROM in_title WHERE place = term.place) < ${maxRanked}
  ), begun AS MATERIALIZED (
    SELECT term.place, matched.course_id
    FROM term, LATERAL (
      SELECT found.course_id
      FROM ${table} AS found
      WHERE found.words @@ term.unfinished${restrictions(statement)}
      LIMIT ${elsewhere}
    ) AS matched
    WHERE term.unfinished IS NOT NULL
      AND (SELECT count(*) FROM in_title WHERE place = term.place) < ${elsewhere}
      AND (SELECT count(*) FROM elsewhere WHERE place = term.place) < ${elsewhere}
  )`
}

/**
 * The weight of each word, and the courses that are ranked. A word of more courses than are looked
 * at is as frequent as in the sample, and more frequent than any that is counted.
 */
function weighTerms(statement: WordStatement, languages: LanguageParts): string {
  return `having_word AS MATERIALIZED (
    SELECT place, course_id FROM in_title
    UNION
    SELECT place, course_id FROM elsewhere
    UNION
    SELECT place, course_id FROM begun
  ), weighed AS MATERIALIZED (
    SELECT word.*,
           ln(1 + catalogue.courses / (0.5 + CASE
             WHEN counted.courses < ${elsewhereOf(statement)} THEN counted.courses
             ELSE greatest(counted.courses, ${statement.maxRanked},
               CASE WHEN sampled.courses > 1
                    THEN sampled.courses * catalogue.courses / ${sample} END)
           END))
           * CASE WHEN word.is_common AND ${languages.hasOthers}
                  THEN 0.05 ELSE 1 END AS weight
    FROM word JOIN sampled USING (place),
         (
           SELECT greatest(reltuples, 1000) AS courses
           FROM pg_class
           WHERE oid = '@schema.courses'::regclass
         ) AS catalogue,
         LATERAL (
           SELECT count(*) AS courses FROM having_word WHERE having_word.place = word.place
         ) AS counted
  ), likely AS MATERIALIZED (
    SELECT course_id FROM having_word WHERE place = 0
    UNION
    (
      SELECT having_word.course_id
      FROM having_word JOIN ${languages.weights} USING (place)
      GROUP BY having_word.course_id
      ORDER BY sum(weighed.weight) DESC, having_word.course_id
      LIMIT ${statement.maxRanked + elsewhereOf(statement)}
    )
  )`
}

/** Courses with a term; of one that is common in the sample, whose list is long, the first ones. */
function matchesOf(
  statement: WordStatement,
  { condition, sampled, most }: { condition: string; sampled: string; most: number },
): string {
  const { source, isFiltered, phrases, excluded } = statement
  const { table } = sources[source]
  const isRestricted = isFiltered || phrases.length + excluded.length > 0
  const fromIndex = (further: string): string => `
      SELECT found.course_id
      FROM ${table} AS found
      WHERE ${condition}${further}${restrictions(statement)}
      LIMIT ${most}`
  if (isRestricted) return fromIndex('')
  return `
      (${fromIndex(` AND ${sampled} < ${sample / 2}`)})
      UNION ALL
      (
        SELECT found.course_id
        FROM (SELECT * FROM ${table} AS first ORDER BY course_id LIMIT ${10 * most}) AS found
        WHERE ${condition} AND ${sampled} >= ${sample / 2}
        LIMIT ${most}
      )`
}

/** Titles have an index of their own in the table of this package only. */
function hasTitles({ source }: WordStatement): boolean {
  return source === 'search_words'
}

/** Without the index of titles a word in the title is one anywhere. */
function elsewhereOf(statement: WordStatement): number {
  return hasTitles(statement) ? statement.maxElsewhere : statement.maxRanked
}

/**
 * A parameter whose value does not count for the plan. PostgreSQL then estimates the same cost for
 * any values, and keeps one plan per connection: to make this one takes as long as to run it.
 */
function unknown(parameter: string): string {
  return `(SELECT ${parameter})`
}

/**
 * The ones of these courses that have every quoted text and none that is excluded. $1 courses, $2
 * quoted texts, $3 excluded texts, then, of a catalogue in several languages, both with their
 * accents.
 */
export function selectHeld(statement: HeldStatement): string {
  const held = heldTable(statement, 2, '$4')
  return `${held === '' ? '' : `\n  WITH ${held.trimEnd().slice(0, -1)}`}
  SELECT found.course_id AS id
  FROM ${sources[statement.source].table} AS found
  WHERE found.course_id = ANY($1::integer[])
        AND ($2::text[], $3::text[]) IS NOT NULL${heldConditions(statement, 2)}`
}
