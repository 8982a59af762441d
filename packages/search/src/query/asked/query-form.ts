import type { QueryForm } from '@headwater/repositories'
import { normalise } from '../../typed/normalise.ts'
import { plainWords } from '../../spelling/query-words.ts'
import { seemsPersonal } from './personal-text.ts'

/** Longer queries are texts that were pasted. */
const mostCharacters = 100

/** Control and format characters, those of a private use, and whatever else shows nothing. */
const unseen = /[\p{C}\p{Default_Ignorable_Code_Point}]/gu

/** Symbols other than of mathematics and of currencies; emoji, also as one is composed. */
const symbols = /[\p{So}\p{Sk}\p{Me}\p{Extended_Pictographic}\p{Emoji_Modifier}]/gu

/** Whatever is between words. */
const between = /[^\p{L}\p{M}\p{N}+#]+/gu

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
  if (query.length > mostCharacters) return undefined
  const logged = normalise(query)
  if (operator.test(logged)) return undefined
  const text = shownText(logged)
  if (text.length > mostCharacters || [query, text].some(seemsPersonal)) return undefined
  const form = formOf(text)
  return form === '' ? undefined : { form, text, words: text.replace(between, ' ').trim() }
}

/** Without what is not seen, or turns the direction of what is; symbols separate words. */
function shownText(text: string): string {
  return normalise(text.replace(unseen, '').replace(symbols, ' '))
}
