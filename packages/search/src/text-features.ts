const wordWeight = 1
const pairWeight = 0.5
const trigramWeight = 0.35

const stopWords = new Set(
  `a an and are as at be but by can do for from has have how if in into is it its of on or our so that the their then this to
  was we were what when where which who will with you your`.split(/\s+/),
)

/**
 * Returns what a text is made of, each with its weight: stemmed words, pairs of neighbouring words and character trigrams, each kind under
 * a prefix of its own. Letter case, accents and compatibility forms make no difference. A text that is not empty has a feature.
 */
export function textFeatures(text: string): Map<string, number> {
  const words = wordsOf(text)
  const counts = new Map<string, number>()
  for (const [index, word] of words.entries()) {
    count(counts, `w:${word}`)
    const next = words[index + 1]
    if (next !== undefined) count(counts, `p:${word} ${next}`)
    for (const trigram of trigramsOf(word)) count(counts, `t:${trigram}`)
  }
  return new Map(Array.from(counts, ([feature, frequency]) => [feature, weightOf(feature) * (1 + Math.log(frequency))]))
}

function count(counts: Map<string, number>, feature: string): void {
  counts.set(feature, (counts.get(feature) ?? 0) + 1)
}

function weightOf(feature: string): number {
  if (feature.startsWith('w:')) return wordWeight
  return feature.startsWith('p:') ? pairWeight : trigramWeight
}

function wordsOf(text: string): string[] {
  const normal = text.normalize('NFKD').replace(/[\u0300-\u036f]/gu, '').toLowerCase()
  // The suffixes keep C++, C# and F# apart from C and F.
  const words = normal.match(/[\p{L}\p{N}\p{M}]+(?:\+\+|#)?/gu) ?? [normal]
  const telling = words.filter((word) => !stopWords.has(word))
  return (telling.length > 0 ? telling : words).map(stem)
}

function* trigramsOf(word: string): Generator<string> {
  const letters = [...`<${word}>`]
  for (let index = 0; index + 3 <= letters.length; index += 1) yield letters.slice(index, index + 3).join('')
}

/** A light English stemmer: it need not produce words, only make `learn`, `learning`, `learner` and `learners` equal. */
function stem(word: string): string {
  const singular = withoutPlural(word)
  const bare = singular.replace(/^(.{3,})(?:ing|ed|er|ly)$/u, '$1').replace(/^(.{2,})([bdfgmnprt])\2$/u, '$1$2')
  return bare.length > 4 ? bare.replace(/e$/u, '') : bare
}

function withoutPlural(word: string): string {
  if (word.length < 4) return word
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`
  return /[^aisu]s$/u.test(word) ? word.slice(0, -1) : word
}
