import { passesFilters } from './course-queries.ts'
import { configurationList } from './language-parts.ts'
import type { OtherConfigurations } from '../spelling/languages.ts'
import { markedText, searchText } from '../spelling/search-text.ts'
import type { QueryParts } from '../typed/query-parts.ts'

/** The most texts behind operators that are heeded. */
const maxOperators = 16

/** The texts behind the operators of a query, and the languages in which they are looked for. */
export interface HeldTexts extends Pick<QueryParts, 'phrases' | 'excluded'> {
  /** The configurations of the catalogue besides `english`. */
  readonly configurations: OtherConfigurations
}

/** The texts behind the operators of a query, as parameters of a statement. */
export interface HeldValues extends Pick<QueryParts, 'phrases' | 'excluded'> {
  /** Both with their accents. */
  readonly marked: readonly string[]
}

/** The texts in compared form. */
export function heldValues({
  phrases,
  excluded,
}: Pick<QueryParts, 'phrases' | 'excluded'>): HeldValues {
  const heeded = [...phrases.slice(0, maxOperators), ...excluded.slice(0, maxOperators)]
  return {
    phrases: phrases.map(searchText),
    excluded: excluded.map(searchText),
    marked: heeded.map((text) => {
      const [compared, marked] = [searchText(text), markedText(text)]
      return compared.split(' ').length === marked.split(' ').length ? marked : compared
    }),
  }
}

/** Whether the statement takes the texts with their accents as well. */
export function needsMarked({ phrases, excluded, configurations }: HeldTexts): boolean {
  return configurations.length > 0 && phrases.length + excluded.length > 0
}

/**
 * The table `held`, with a comma behind it, that {@link heldConditions} reads where courses are in
 * several languages: for each text its words in a row in each language, and in any. The quoted
 * texts are the parameter `first`, the excluded ones the next, both with their accents `marked`.
 */
export function heldTable(texts: HeldTexts, first: number, marked: string): string {
  if (!needsMarked(texts)) return ''
  const heeded = (parameter: number): string => `($${parameter}::text[])[:${maxOperators}]`
  return `held AS MATERIALIZED (
    SELECT text.place, array_agg(held.query ORDER BY language.place) AS queries,
           string_agg(DISTINCT '(' || held.query::text || ')', ' | ')
             FILTER (WHERE numnode(held.query) > 0)::tsquery AS in_any
    FROM unnest(${heeded(first)} || ${heeded(first + 1)}, ${marked}::text[])
           WITH ORDINALITY AS text (compared, marked, place)
         CROSS JOIN unnest(${configurationList(texts.configurations)})
           WITH ORDINALITY AS language (configuration, place),
         LATERAL (${inARowOfLanguage}
         ) AS held
    GROUP BY text.place
  ),
  `
}

/**
 * Conditions on `found`, a row with `words`: it has every quoted text, and none that is excluded.
 * The quoted texts are the parameter `first`, the excluded ones the next.
 */
export function heldConditions(texts: HeldTexts, first: number): string {
  const phrases = Math.min(texts.phrases.length, maxOperators)
  const excluded = Math.min(texts.excluded.length, maxOperators)
  const conditions = (count: number, one: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => `\n        AND ${one(index)}`).join('')
  if (texts.configurations.length > 0) {
    const ofCourse = inTheLanguageOfCourse(texts.configurations)
    return (
      conditions(phrases, (index) => `(${inAnyLanguage(index + 1)} AND ${ofCourse(index + 1)})`) +
      conditions(excluded, (index) => `NOT (${ofCourse(phrases + index + 1)})`)
    )
  }
  const english = (parameter: number, index: number): string =>
    `(found.words @@ ${inARow(`($${parameter}::text[])[${index + 1}]`, 'english')})`
  return (
    conditions(phrases, (index) => english(first, index)) +
    conditions(excluded, (index) => `NOT ${english(first + 1, index)}`)
  )
}

/** The same, and that the course passes the filters, if there are any: $7 and on. */
export function restrictions({
  isFiltered,
  ...texts
}: HeldTexts & { readonly isFiltered: boolean }): string {
  return heldConditions(texts, 7) + (isFiltered ? passing : '')
}

/** What an index answers, whatever the language of the course. */
function inAnyLanguage(place: number): string {
  return `found.words @@ (SELECT in_any FROM held WHERE place = ${place})`
}

function inTheLanguageOfCourse(configurations: OtherConfigurations): (place: number) => string {
  const list = configurationList(configurations)
  const ofCourse = `coalesce(array_position(${list}, found.configuration), 1)`
  return (place) => `found.words @@ (SELECT queries FROM held WHERE place = ${place})[${ofCourse}]`
}

/** Words in a row as {@link inARow}, each with the stems that it has where it is not quoted. */
const inARowOfLanguage = `
           SELECT phraseto_tsquery('simple', text.compared) || coalesce(stems.query, '') AS query
           FROM (
             SELECT CASE
                      WHEN min(word.place) = 1
                       AND max(word.place) = cardinality(string_to_array(text.compared, ' '))
                      THEN string_agg(word.query, '' ORDER BY word.place)::tsquery
                    END AS query
             FROM (
               SELECT word.place,
                      coalesce('<' || word.place - lag(word.place) OVER (ORDER BY word.place) || '>', '')
                      || '(' || stem.query::text || ')' AS query
               FROM unnest(string_to_array(text.compared, ' '), string_to_array(text.marked, ' '))
                      WITH ORDINALITY AS word (compared, marked, place),
                    LATERAL (
                      SELECT @schema.search_stem_query(
                        language.configuration, quote_literal(word.marked), quote_literal(word.compared)
                      ) AS query
                    ) AS stem
               WHERE stem.query IS NOT NULL
             ) AS word
           ) AS stems`

/**
 * Words in a row. Stems alone do not show a common word at either end: then only titles, which are
 * kept as they stand, can match.
 */
function inARow(text: string, configuration: string): string {
  return `CASE
          WHEN numnode(to_tsquery('${configuration}', quote_literal(split_part(${text}, ' ', 1)))) > 0
           AND numnode(to_tsquery('${configuration}', quote_literal(split_part(${text}, ' ', -1)))) > 0
          THEN phraseto_tsquery('simple', ${text}) || phraseto_tsquery('${configuration}', ${text})
          ELSE phraseto_tsquery('simple', ${text})
        END`
}

const passing = `
        AND EXISTS (
          SELECT FROM @schema.courses AS course
          WHERE course.id = found.course_id AND ${passesFilters(10)}
        )`
