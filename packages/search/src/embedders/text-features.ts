import { commonWords } from './common-words.ts'

const wordWeight = 1
const pairWeight = 0.5
const trigramWeight = 0.35
const commonWeight = 0.25

const stopWords = new Set(
  `a an and are as at be but by can do for from has have how if in into is it its of on or our so
  that the their then this to was we were what when where which who will with you your`.split(
    /\s+/,
  ),
)

const commonStems = new Set(commonWords.map(stem))

/**
 * The weighted features of a text: stemmed words, pairs of neighbouring words and character
 * trigrams, each kind under a prefix of its own. Features of common words alone weigh a quarter.
 * Letter case, accents and compatibility forms make no difference. Every non-empty text has a
 * feature.
 */
export function textFeatures(text: string): Map<string, number> {
  const words = wordsOf(text)
  const features = new Map<string, Feature>()
  for (const [index, word] of words.entries()) {
    const importance = commonStems.has(word) ? commonWeight : 1
    add(features, { name: `w:${word}`, importance })
    const next = words[index + 1]
    if (next !== undefined) add(features, { name: `p:${word} ${next}`, importance: 1 })
    for (const trigram of trigramsOf(word)) add(features, { name: `t:${trigram}`, importance })
  }
  return new Map(
    Array.from(features, ([name, { count, importance }]) => [
      name,
      weightOf(name) * importance * (1 + Math.log(count)),
    ]),
  )
}

interface Feature {
  readonly count: number
  readonly importance: number
}

function add(
  features: Map<string, Feature>,
  { name, importance }: { readonly name: string; readonly importance: number },
): void {
  const before = features.get(name) ?? { count: 0, importance: 0 }
  features.set(name, {
    count: before.count + 1,
    importance: Math.max(before.importance, importance),
  })
}

function weightOf(feature: string): number {
  if (feature.startsWith('w:')) return wordWeight
  return feature.startsWith('p:') ? pairWeight : trigramWeight
}

function wordsOf(text: string): string[] {
  const normal = text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/gu, '')
    .toLowerCase()
  // The suffixes keep C++, C# and F# apart from C and F.
  const words = normal.match(/[\p{L}\p{N}\p{M}]+(?:\+\+|#)?/gu) ?? [normal]
  const telling = words.filter((word) => !stopWords.has(word))
  return (telling.length > 0 ? telling : words).map(stem)
}

function* trigramsOf(word: string): Generator<string> {
  const letters = [...`<${word}>`]
  for (let index = 0; index + 3 <= letters.length; index += 1)
    yield letters.slice(index, index + 3).join('')
}

/**
 * A light English stemmer. Its stems need not be words; `learn`, `learning`, `learner` and
 * `learners` have the same one.
 */
function stem(word: string): string {
  const singular = withoutPlural(word)
  const bare = singular
    .replace(/^(.{3,})(?:ing|ed|er|ly)$/u, '$1')
    .replace(/^(.{2,})([bdfgmnprt])\2$/u, '$1$2')
  return bare.length > 4 ? bare.replace(/e$/u, '') : bare
}

function withoutPlural(word: string): string {
  if (word.length < 4) return word
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`
  return /[^aisu]s$/u.test(word) ? word.slice(0, -1) : word
}
