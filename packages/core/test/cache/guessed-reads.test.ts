import {
  err,
  errAsync,
  type Failure,
  GuessedReads,
  ok,
  okAsync,
  orThrow,
  type ReadRows,
} from '@headwater/core'
import { beforeEach, describe, expect, it } from 'vitest'

const down: Failure<'down'> = { type: 'down', message: 'down', retryable: true }

/** The rows are those below a hundred, but 13; every read is noted. */
let reads: (readonly number[])[] = []
beforeEach(() => {
  reads = []
})
const read: ReadRows<string, Failure<'down'>> = (ids) => {
  reads.push(ids)
  return okAsync(new Map(ids.filter((id) => id < 100 && id !== 13).map((id) => [id, `row ${id}`])))
}

const rowsOf = (...ids: number[]) => ok(new Map(ids.map((id) => [id, `row ${id}`])))

describe('rows that are guessed', () => {
  it('What a question needed is read at once when it is asked again, and not twice', async () => {
    const guesses = new GuessedReads<string, Failure<'down'>>(10)
    expect(await guesses.begin('a', read)([1, 2])).toEqual(rowsOf(1, 2))
    const rest = guesses.begin('a', read)
    expect(reads).toEqual([
      [1, 2],
      [1, 2],
    ])
    expect(await rest([1, 2])).toEqual(rowsOf(1, 2))
    expect(reads).toHaveLength(2)
  })

  it('What a guess lacks is read, and a row that is not there is asked for once', async () => {
    const guesses = new GuessedReads<string, Failure<'down'>>(10)
    orThrow(await guesses.begin('a', read)([1, 13]))
    expect(await guesses.begin('a', read)([13, 5])).toEqual(rowsOf(1, 5))
    expect(reads.slice(1)).toEqual([[1, 13], [5]])
  })

  it('What is needed in several steps is guessed as a whole', async () => {
    const guesses = new GuessedReads<string, Failure<'down'>>(10)
    const first = guesses.begin('a', read)
    orThrow(await first([1]))
    orThrow(await first([2, 3]))
    for (const _ of ['again', 'and again']) {
      const next = guesses.begin('a', read)
      expect(reads.at(-1)).toEqual([1, 2, 3])
      for (const wanted of [[1], [2, 3]]) orThrow(await next(wanted))
    }
  })

  it('A guess that fails is none', async () => {
    const guesses = new GuessedReads<string, Failure<'down'>>(10)
    orThrow(await guesses.begin('a', read)([1]))
    let times = 0
    const once: ReadRows<string, Failure<'down'>> = (ids) =>
      (times += 1) === 1 ? errAsync(down) : read(ids)
    expect(await guesses.begin('a', once)([1])).toEqual(rowsOf(1))
    expect(await guesses.begin('a', () => errAsync(down))([1])).toEqual(err(down))
  })

  it('Questions asked longest ago are forgotten', async () => {
    const guesses = new GuessedReads<string, Failure<'down'>>(2)
    for (const question of ['a', 'b', 'c']) orThrow(await guesses.begin(question, read)([1]))
    reads = []
    guesses.begin('a', read)
    expect(reads).toEqual([])
    guesses.begin('c', read)
    expect(reads).toEqual([[1]])
  })
})
