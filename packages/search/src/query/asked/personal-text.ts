/** Digits of a number that stands for something, at least, whatever is written between them. */
const longNumber = /\p{Nd}(?:[^\p{L}\p{Nd}]*(?:\p{L}[^\p{L}\p{Nd}]*)?\p{Nd}){5}/u

/** The same in one word, whatever letters are between them. */
const digitsInWord = 6

/** Also with spaces around the sign, where a domain follows. */
const address = /[^\s@]@[^\s@]|@\s*[^\s@]+\.\p{L}{2}/u

const mailServices =
  'gmail|googlemail|hotmail|outlook|yahoo|ymail|icloud|protonmail|proton|gmx|aol|yandex|zoho'

/** What is left of an address without its sign, which a search does not log beside a space. */
const addressLeft = new RegExp(
  `(?:^|[\\s@(])(?:${mailServices})\\.\\p{L}{2,}` +
    '|[^\\s]\\s+[^\\s.]+(?:\\.[^\\s.]+)*\\.' +
    '(?:com|org|edu|gov|eu|de|fr|uk|es|it|nl|pl|ru|ch|at|be|se|dk|cz|jp|cn|in|br|au|ca|us)(?!\\p{L})',
  'u',
)

/**
 * Whether a text reads like an e-mail address, a telephone number, or the number of a card, an
 * order or an account. Rather too often than too rarely: what others ask is suggested anyway.
 */
export function seemsPersonal(text: string): boolean {
  const plain = text.normalize('NFKC').toLowerCase()
  return (
    address.test(plain) ||
    addressLeft.test(plain) ||
    longNumber.test(plain) ||
    plain.split(/\s/u).some((word) => (word.match(/\p{Nd}/gu) ?? []).length >= digitsInWord)
  )
}
