import type { OtherConfigurations } from '../spelling/languages.ts'

/**
 * What a statement over words has more where courses are in several languages: each word, all of
 * them together and their weights, once for each configuration of text search. A course counts by
 * those of its own. Where all courses are English, the statement is that of one language.
 */
export interface LanguageParts {
  /** A further array of the words with their accents, with the comma before it. */
  readonly parameter: string
  /** Its name, with the comma before it. */
  readonly name: string
  /** The configurations, joined to the words. */
  readonly tables: string
  /** Columns of a word. */
  readonly columns: { readonly one: string; readonly part: string; readonly word: string }
  /** A query for the words as they stand, or for their stems. */
  readonly queryOf: (text: string) => string
  /** The stems of a word; null for a common one. */
  readonly stem: string
  /** The condition that a word is not common, or that all are. */
  readonly isAsked: string
  readonly groupedByLanguage: string
  /** Each word as a term, in any language. */
  readonly terms: string
  /** All words together as a term. */
  readonly whole: string
  /** Whether some words of the language of `word` are not common. */
  readonly hasOthers: string
  /** The weight of each word, whatever the language. */
  readonly weights: string
  /** The likely courses of a table, each with the query and the weight of all words. */
  readonly courses: (table: string) => string
  /** The condition that a weighed word is of the language of the course. */
  readonly ofCourse: string
}

const english: LanguageParts = {
  parameter: '',
  name: '',
  tables: '',
  columns: { one: '', part: '', word: '' },
  queryOf: (text) => `(to_tsquery('simple', ${text}) || to_tsquery('english', ${text}))`,
  stem: `nullif(to_tsquery('english', part.word), '')`,
  isAsked: `NOT word.is_common OR NOT EXISTS (SELECT FROM word WHERE NOT is_common)`,
  groupedByLanguage: '',
  terms: 'SELECT place, finished, unfinished FROM word',
  whole: 'whole',
  hasOthers: 'EXISTS (SELECT FROM word WHERE NOT is_common)',
  weights: 'weighed',
  courses: (table) => `asked, likely JOIN ${table} AS found USING (course_id),
       (SELECT sum(weight) AS weight FROM weighed) AS total`,
  ofCourse: '',
}

const others = `FROM word AS other
             WHERE other.configuration = word.configuration AND NOT other.is_common`

/** The parts for a catalogue; `parameter` has the words with their accents. */
export function languageParts(
  configurations: OtherConfigurations,
  parameter: string,
): LanguageParts {
  if (configurations.length === 0) return english
  return {
    parameter: `, (SELECT ${parameter}::text[])`,
    name: ', marked',
    tables: `
           CROSS JOIN unnest(${configurationList(configurations)}) AS language (configuration)`,
    columns: {
      one: 'language.configuration, one.marked, ',
      part: 'part.configuration, ',
      word: 'word.configuration, ',
    },
    queryOf: (text) =>
      `(to_tsquery('simple', ${text}) || to_tsquery(language.configuration::regconfig, ${text}))`,
    stem: '@schema.search_stem_query(part.configuration, part.marked, part.word)',
    isAsked: `NOT word.is_common OR NOT EXISTS (SELECT ${others})`,
    groupedByLanguage: `
    GROUP BY word.configuration`,
    terms: `SELECT place, ${anyOf('finished')} AS finished, ${anyOf('unfinished')} AS unfinished
    FROM word
    GROUP BY place`,
    whole: anyOf('whole'),
    hasOthers: `EXISTS (SELECT ${others})`,
    weights: '(SELECT place, max(weight) AS weight FROM weighed GROUP BY place) AS weighed',
    courses: (table) => `likely JOIN ${table} AS found USING (course_id)
       JOIN asked ON asked.configuration = ${configurationOfCourse(configurations)}
       JOIN (
         SELECT configuration, sum(weight) AS weight FROM weighed GROUP BY configuration
       ) AS total ON total.configuration = asked.configuration`,
    ofCourse: 'weighed.configuration = asked.configuration AND ',
  }
}

/** `english`, then the others. The names come from a fixed list, never from a course. */
export function configurationList(configurations: OtherConfigurations): string {
  return `'{${['english', ...configurations].join()}}'::text[]`
}

/** The configuration of `found`: `english` for a course that is newer than what is known. */
function configurationOfCourse(configurations: OtherConfigurations): string {
  return `CASE WHEN found.configuration = ANY (${configurationList(configurations)})
                  THEN found.configuration ELSE 'english' END`
}

function anyOf(query: string): string {
  return `string_agg('(' || ${query}::text || ')', ' | ')::tsquery`
}
