import * as z from 'zod/mini'
import { once } from './once.ts'

/** The longest tag: as long as BCP 47 asks every protocol to take. */
const maxLength = 35

/** A language of ISO 639, not a name such as `german`, which BCP 47 leaves to later use. */
const beginsWithCode = /^[a-z]{2,3}(?:-|$)/iu

/**
 * The tag of a language, as BCP 47 has it, in its canonical form: `PT-br` becomes `pt-BR`, `iw`
 * becomes `he`.
 *
 * @internal
 */
export const languageTag = once(() =>
  z.pipe(
    z.string(),
    z.transform((text, context) => {
      const tag = canonicalTag(text)
      if (tag !== undefined) return tag
      const message = 'must be a language tag of BCP 47, for instance de or pt-BR'
      context.issues.push({ code: 'custom', input: text, message })
      return z.NEVER
    }),
  ),
)

function canonicalTag(text: string): string | undefined {
  if (text.length > maxLength || !beginsWithCode.test(text)) return undefined
  try {
    const [tag = ''] = Intl.getCanonicalLocales(text)
    return tag.length > maxLength ? undefined : tag
  } catch {
    return undefined
  }
}
