import { passesFilters } from './course-queries.ts'
import { configurationOfCourse } from './language-parts.ts'
import type { OtherConfigurations } from '../spelling/languages.ts'
import type { QueryParts } from '../typed/query-parts.ts'

/** The most texts behind operators that are heeded. */
const maxOperators = 16

/** The texts behind the operators of a query, and the languages in which they are looked for. */
export interface HeldTexts extends Pick<QueryParts, 'phrases' | 'excluded'> {
  /** The configurations of the catalogue besides `english`. */
  readonly configurations: OtherConfigurations
}

/**
 * Conditions on `found`, a row with `words`: it has every quoted text, and none that is excluded.
 * The quoted texts are the parameter `first`, the excluded ones the next.
 */
export function heldConditions(
  { phrases, excluded, configurations }: HeldTexts,
  first: number,
): string {
  const condition = (count: number, parameter: number, operator: string): string =>
    Array.from({ length: Math.min(count, maxOperators) }, (_, index) => {
      const words = inARowOf(configurations, `($${parameter}::text[])[${index + 1}]`)
      return `\n        AND ${operator}(found.words @@ ${words})`
    }).join('')
  return condition(phrases.length, first, '') + condition(excluded.length, first + 1, 'NOT ')
}

/** The same, and that the course passes the filters, if there are any: $7 and on. */
export function restrictions({
  isFiltered,
  ...texts
}: HeldTexts & { readonly isFiltered: boolean }): string {
  return heldConditions(texts, 7) + (isFiltered ? passing : '')
}

/** Words in a row, in the language of the course. */
function inARowOf(configurations: OtherConfigurations, text: string): string {
  if (configurations.length === 0) return inARow(text, 'english')
  const stemming = ['english', ...configurations.filter((name) => name !== 'simple')]
  const cases = stemming.map((name) => `WHEN '${name}' THEN ${inARow(text, name)}`)
  return `CASE ${configurationOfCourse(configurations)} ${cases.join(' ')}
          ELSE phraseto_tsquery('simple', ${text}) END`
}

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
