import { passesFilters } from './course-queries.ts'
import type { QueryParts } from '../typed/query-parts.ts'

/** The most texts behind operators that are heeded. */
const maxOperators = 16

/** The texts behind the operators of a query. */
export type HeldTexts = Pick<QueryParts, 'phrases' | 'excluded'>

/**
 * Conditions on `found`, a row with `words`: it has every quoted text, and none that is excluded.
 * The quoted texts are the parameter `first`, the excluded ones the next.
 */
export function heldConditions({ phrases, excluded }: HeldTexts, first: number): string {
  const condition = (count: number, parameter: number, operator: string): string =>
    Array.from(
      { length: Math.min(count, maxOperators) },
      (_, index) =>
        `\n        AND ${operator}(found.words @@ ${inARow(`($${parameter}::text[])[${index + 1}]`)})`,
    ).join('')
  return condition(phrases.length, first, '') + condition(excluded.length, first + 1, 'NOT ')
}

/** The same, and that the course passes the filters, if there are any: $7 and on. */
export function restrictions({
  isFiltered,
  ...texts
}: HeldTexts & { readonly isFiltered: boolean }): string {
  return heldConditions(texts, 7) + (isFiltered ? passing : '')
}

/**
 * Words in a row. Stems alone do not show a common word at either end: then only titles, which are
 * kept as they stand, can match.
 */
function inARow(text: string): string {
  return `CASE
          WHEN numnode(to_tsquery('english', quote_literal(split_part(${text}, ' ', 1)))) > 0
           AND numnode(to_tsquery('english', quote_literal(split_part(${text}, ' ', -1)))) > 0
          THEN phraseto_tsquery('simple', ${text}) || phraseto_tsquery('english', ${text})
          ELSE phraseto_tsquery('simple', ${text})
        END`
}

const passing = `
        AND EXISTS (
          SELECT FROM @schema.courses AS course
          WHERE course.id = found.course_id AND ${passesFilters(10)}
        )`
