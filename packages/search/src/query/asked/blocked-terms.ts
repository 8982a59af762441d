import { plainWords } from '../../spelling/query-words.ts'
import { formOf } from './query-form.ts'

/** Words that must not be suggested. */
export class BlockedTerms {
  readonly #terms: ReadonlySet<string>
  readonly #lengths: ReadonlySet<number>
  readonly #longest: number

  constructor(terms: readonly string[]) {
    this.#terms = new Set(terms.map(formOf))
    this.#lengths = new Set([...this.#terms].map(({ length }) => length))
    this.#longest = Math.max(0, ...this.#lengths)
  }

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.#terms.size === 0
  }

  /** Whether a query has one of them, in a row, joined or apart. */
  areIn(query: string): boolean {
    return !this.isEmpty && this.#haveOne(plainWords(query))
  }

  /** Whether a query whose words are written as one may have one of them. */
  areWithin(joined: string): boolean {
    return this.areIn(joined) || this.#haveOne([...formOf(joined)])
  }

  /** A row of words ends with the longest term, so the time is linear in the words. */
  #haveOne(words: readonly string[]): boolean {
    return words.some((_, first) => {
      let row = ''
      for (let next = first; next < words.length; next += 1) {
        row += words[next] ?? ''
        if (row.length > this.#longest) return false
        if (this.#lengths.has(row.length) && this.#terms.has(row)) return true
      }
      return false
    })
  }
}
