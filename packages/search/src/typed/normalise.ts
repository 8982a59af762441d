/**
 * Gives one form to queries that differ only in case, spacing, punctuation around words and the
 * encoding of the same characters. Quotes, and a minus before a word, are operators and stay.
 */
export function normalise(text: string): string {
  return tidied(plain(text).toLowerCase())
}

/** The normalised query in the case in which it was typed: it has the same operators. */
export function asTyped(text: string): string {
  return tidied(plain(text))
}

function plain(text: string): string {
  return text
    .replace(/[“”„‟«»]/gu, '"')
    .normalize('NFKC')
    .replace(/[\s\p{Cc}]+/gu, ' ')
}

function tidied(plain: string): string {
  const isQuoted = plain.split('"').map((piece, index, { length }) => ({
    words: bare(piece),
    // A quote that is not closed may be one while it is being typed.
    isPhrase: index % 2 === 1 && index < length - 1,
    isExcluded: / -+$|^-+$/u.test(piece),
  }))
  return isQuoted
    .map(({ words, isPhrase }, index) => {
      const minus = isQuoted[index - 1]?.isExcluded === true ? '-' : ''
      return isPhrase && words !== '' ? `${minus}"${words}"` : words
    })
    .filter((piece) => piece !== '')
    .join(' ')
}

/** The words of a text without the punctuation around each; a minus before a word stays. */
function bare(text: string): string {
  return text
    .split(' ')
    .map((word) => (/^(-?)[^\p{L}\p{N}]*?(\.?[\p{L}\p{N}].*)$/u.exec(word) ?? []).slice(1))
    .map(([minus = '', rest = '']) => `${minus}${rest.replace(/[^\p{L}\p{M}\p{N}+#]+$/u, '')}`)
    .filter((word) => word !== '')
    .join(' ')
}
