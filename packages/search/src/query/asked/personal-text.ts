/** Digits of a telephone number, at least, with what is written between them. */
const spacedDigits = /\p{Nd}(?:[\s()./+-]*\p{Nd}){6,}/u

/** Digits of a number that stands for something, at least, in one word. */
const digitsInWord = 6

/**
 * Whether a text reads like an e-mail address, a telephone number, or the number of a card, an
 * order or an account. Rather too often than too rarely: what others ask is suggested anyway.
 */
export function seemsPersonal(text: string): boolean {
  return (
    /[^\s@]@[^\s@]/u.test(text) ||
    spacedDigits.test(text) ||
    text.split(/\s/u).some((word) => (word.match(/\p{Nd}/gu) ?? []).length >= digitsInWord)
  )
}
