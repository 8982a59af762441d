import type { QueryForm } from '@headwater/repositories'
import { normalise } from '../../typed/normalise.ts'
import { plainWords } from '../../spelling/query-words.ts'
import { seemsPersonal } from './personal-text.ts'

/** Longer queries are texts that were pasted. */
const mostCharacters = 100

const operator = /"|(?:^| )-/u

/** The form in which the spellings of a query are equal: compared words, written as one. */
export function formOf(query: string): string {
  return plainWords(query).join('')
}

/**
 * How a logged query is suggested; `undefined` where it is not: with operators, which others do not
 * mean, and where it is long or seems to be about a person.
 */
export function suggestedForm(query: string): QueryForm | undefined {
  const text = normalise(query)
  if (text.length > mostCharacters || operator.test(text) || seemsPersonal(text)) return undefined
  const form = formOf(text)
  return form === '' ? undefined : { form, text }
}
