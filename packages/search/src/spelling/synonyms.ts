import { digest } from '@headwater/core'
import { normalise } from '../typed/normalise.ts'
import { plainWords, unitsIn } from './query-words.ts'
import type { Synonym } from './query-words.ts'
import type { QueryParts } from '../typed/query-parts.ts'
import { isUnspaced } from './search-text.ts'

/**
 * Words that mean the same, by term: a term of one or several words, and other terms for it. A list
 * holds both ways: with `{ js: ['javascript'] }`, each of the two finds the other. With `finds` it
 * holds one way: with `{ framework: { finds: ['react'] } }`, `framework` finds `react` but `react`
 * no `framework`.
 */
export type SynonymOptions = Readonly<
  Record<string, readonly string[] | { readonly finds: readonly string[] }>
>

/** The most terms, other terms of one, and words of a term. */
const synonymLimits = { terms: 1_000, each: 20, words: 8, length: 100 } as const

/** A term whose words a query may have, and what else they find. */
interface Term {
  /** Each word written as one. */
  readonly words: readonly string[]
  readonly synonyms: readonly Synonym[]
}

/** Says which option breaks which rule. */
type Complain = (option: string, rule: string, value: unknown) => Error

/** Synonyms of a host, ready to be found in queries. */
export class Synonyms {
  /** Differs where the synonyms do, in whatever order they are given. */
  readonly fingerprint: string
  readonly #terms: ReadonlyMap<string, readonly Term[]>

  /** @throws what `complain` returns for the first rule that is broken. */
  constructor(options: SynonymOptions, complain: Complain) {
    const found = Object.entries(directed(options, complain))
      .map(([text, others]) => ({ text, others: [...new Set(others)].sort() }))
      .sort((one, other) => (one.text < other.text ? -1 : 1))
    for (const { text, others } of found)
      if (others.length > synonymLimits.each)
        throw complain(`synonyms.${text}`, `expected at most ${synonymLimits.each} terms`, others)
    this.fingerprint = digest(JSON.stringify(found)).slice(0, 16)
    this.#terms = Map.groupBy(
      found.map(({ text, others }) => ({
        words: wordsOf(text),
        synonyms: others.flatMap(synonymsOf),
      })),
      ({ words }) => words[0] ?? '',
    )
  }

  /**
   * The synonyms of each word of a query. Each word of a term has those of the term. Quoted words
   * have none.
   */
  of({ texts }: QueryParts): readonly (readonly Synonym[])[] {
    const words = texts.flatMap(({ text, isQuoted }) =>
      wordsOf(text).map((word) => (isQuoted ? undefined : word)),
    )
    const synonyms = words.map((): Synonym[] => [])
    for (const [start, first] of words.entries())
      for (const term of this.#terms.get(first ?? '') ?? [])
        if (term.words.every((word, place) => words[start + place] === word))
          for (const each of synonyms.slice(start, start + term.words.length))
            each.push(...term.synonyms)
    return synonyms
  }
}

/** What each term finds; of both ways, each in its own right. */
function directed(options: SynonymOptions, complain: Complain): Record<string, string[]> {
  const entries = Object.entries(options)
  if (entries.length > synonymLimits.terms)
    throw complain('synonyms', `expected at most ${synonymLimits.terms} terms`, options)
  const found = Object.create(null) as Record<string, string[]>
  for (const [term, given] of entries) {
    const option = `synonyms.${term}`
    const text = termOf(term, () => complain(option, rule, term))
    const others = listOf(given)
    if (others === undefined || others.length === 0)
      throw complain(option, 'expected a list of terms, or { finds: a list of terms }', given)
    for (const [index, other] of others.entries()) {
      const meant = termOf(other, () => complain(`${option}[${index}]`, rule, other))
      if (wordsOf(meant).join(' ') === wordsOf(text).join(' '))
        throw complain(`${option}[${index}]`, 'expected another term than its own', other)
      ;(found[text] ??= []).push(meant)
      if (Array.isArray(given)) (found[meant] ??= []).push(text)
    }
  }
  return found
}

function listOf(given: unknown): readonly unknown[] | undefined {
  if (Array.isArray(given)) return given as readonly unknown[]
  if (typeof given !== 'object' || given === null) return undefined
  const { finds, ...rest } = given as { readonly finds?: unknown }
  return Array.isArray(finds) && Object.keys(rest).length === 0 ? finds : undefined
}

const rule =
  `expected 1 to ${synonymLimits.words} words without quotes or a minus before them, ` +
  `at most ${synonymLimits.length} characters`

function termOf(term: unknown, complaint: () => Error): string {
  if (typeof term !== 'string' || term.length > synonymLimits.length || !term.isWellFormed())
    throw complaint()
  const text = normalise(term)
  const words = wordsOf(text)
  const isPlain = !/"|(?<!\S)-/u.test(text)
  if (!isPlain || words.length === 0 || words.length > synonymLimits.words) throw complaint()
  return text
}

function wordsOf(text: string): string[] {
  return unitsIn(text).map((parts) => parts.join(''))
}

/** The words of a term in a row; `node.js` also as one word. */
function synonymsOf(text: string): Synonym[] {
  const inARow = plainWords(text)
  const asWritten = wordsOf(text)
  const isOneWay = inARow.length === asWritten.length || inARow.some(isUnspaced)
  return isOneWay ? [inARow] : [inARow, asWritten]
}
