// Accents, vowel points, soft hyphens and joiners.
const marks = /[\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0670\u00ad\u200b-\u200d\ufe00-\ufe0f]/gu

const withoutMark: Readonly<Record<string, string>> = {
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ħ: 'h',
  ı: 'i',
  ς: 'σ',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
}

const separators = new RegExp(
  '[\u0001-\u001f\u0021-\u002f\u003a-\u0040\\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u060c\u061b' +
    '\u061f\u06d4\u0964\u0965\u2000-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u303d' +
    '\u30fb\ufe10-\ufe6f\uff00-\uff0f\uff5f-\uff65\u{1f000}-\u{1faff}]+',
  'gu',
)

const unspaced =
  '\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u302f\u3040-\u30ff' +
  '\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}'
const unspacedCharacter = new RegExp(`[${unspaced}]`, 'gu')

/**
 * The form in which texts are compared, words separated by spaces: without case, accents and
 * punctuation, `C++` and `C#` as words of their own, each character of a script without spaces as a
 * word. The function `search_text` of the migrations gives courses the same form.
 */
export function searchText(text: string): string {
  return wordsApart(
    text
      .normalize('NFKD')
      .toLowerCase()
      .replace(marks, '')
      .normalize('NFC')
      .replace(/[łøđħıςßæœ]/gu, (letter) => withoutMark[letter] ?? letter),
  )
}

/**
 * The compared form of a text with its accents, by which stemmers know endings. The function
 * `search_marked_text` of the migrations gives courses the same form.
 */
export function markedText(text: string): string {
  return wordsApart(text.normalize('NFKC').toLowerCase().normalize('NFC').replace(marks, ''))
}

function wordsApart(text: string): string {
  return text
    .replace(/(^|[^a-z0-9])c\+\+/gu, '$1cplusplus ')
    .replace(/(^|[^a-z0-9])([a-z])#/gu, '$1$2sharp ')
    .replace(separators, ' ')
    .replace(unspacedCharacter, ' $& ')
    .replace(/ +/gu, ' ')
    .trim()
}

/** Whether a word of {@link searchText} is a character of a script without spaces. */
export function isUnspaced(word: string): boolean {
  return word.search(unspacedCharacter) !== -1
}
