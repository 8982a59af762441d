import type { Codec } from '@headwater/core'
import type { Candidates } from './find-candidates.ts'
import type { FusedCourse } from './fuse.ts'

type Compact = Omit<Candidates, 'found'> & { readonly found: readonly number[] }

const columns = 8

/**
 * How candidates are kept: eight numbers a course in one list, 0 for a rank that it does not have.
 */
export const candidatesCodec: Codec<Candidates> = {
  encode: ({ found, ...rest }): Compact => ({ ...rest, found: found.flatMap(toNumbers) }),
  decode(json) {
    const { found: numbers, ...rest } = json as Compact
    return { ...rest, found: Array.from({ length: numbers.length / columns }, (_, place) => new KeptCourse(numbers, place * columns)) }
  },
}

/** A course of a kept ranking: most are never looked at, so nothing is made of them before they are. */
class KeptCourse implements FusedCourse {
  readonly #numbers: readonly number[]
  readonly #at: number

  constructor(numbers: readonly number[], at: number) {
    this.#numbers = numbers
    this.#at = at
  }

  get id(): number {
    return this.#number(0)
  }

  get score(): number {
    return this.#number(1)
  }

  get legs(): FusedCourse['legs'] {
    return { ...this.#place('dense', 2), ...this.#place('lexical', 4), ...this.#place('rerank', 6) }
  }

  #place(name: keyof FusedCourse['legs'], column: number): FusedCourse['legs'] {
    const rank = this.#number(column)
    return rank === 0 ? {} : { [name]: { rank, score: this.#number(column + 1) } }
  }

  #number(column: number): number {
    return this.#numbers[this.#at + column] ?? 0
  }
}

function toNumbers({ id, score, legs: { dense, lexical, rerank } }: FusedCourse): number[] {
  return [id, score, dense?.rank ?? 0, dense?.score ?? 0, lexical?.rank ?? 0, lexical?.score ?? 0, rerank?.rank ?? 0, rerank?.score ?? 0]
}
