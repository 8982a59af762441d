import { plainWords } from '../../spelling/query-words.ts'
import { formOf } from './query-form.ts'

/** Words that must not be suggested. */
export class BlockedTerms {
  readonly #terms: ReadonlySet<string>

  constructor(terms: readonly string[]) {
    this.#terms = new Set(terms.map(formOf))
  }

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.#terms.size === 0
  }

  /** Whether a query has one of them, in a row, joined or apart. */
  areIn(query: string): boolean {
    if (this.isEmpty) return false
    const words = plainWords(query)
    return words.some((_, first) =>
      words.slice(first).some((__, more) => {
        return this.#terms.has(words.slice(first, first + more + 1).join(''))
      }),
    )
  }
}
