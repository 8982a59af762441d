import { okAsync } from '@headwater/core'
import type { CallOptions, ResultAsync, SqlError, Stores } from '@headwater/core'
import { editDistance } from './edit-distance.ts'
import {
  selectHasTrigrams,
  selectSimilarTitleWords,
  selectTitleWords,
  selectUnknownWords,
} from './spelling-queries.ts'

/** The words that an unknown word may have been meant to be. */
export type Corrections = ReadonlyMap<string, readonly string[]>

const minLength = 4
const longLength = 7
const maxCorrections = 3
const vocabularyTtlMs = 5 * 60_000
const noCorrections: Corrections = new Map()

/**
 * Corrects words that no published course has to words of titles that are one edit away, or two
 * when they are long.
 *
 * Where PostgreSQL has `pg_trgm`, which is looked for once, its trigrams find the similar words: 1
 * round trip. Elsewhere the words of all titles, at most 20,000, are read every five minutes and
 * compared here: 1 round trip, 2 when they are read.
 */
export class Spelling {
  readonly #stores: Stores
  #hasTrigrams: boolean | undefined
  #vocabulary: readonly string[] = []
  #readAtMs = -Infinity

  constructor(stores: Stores) {
    this.#stores = stores
  }

  /**
   * Tells what the words may have been meant to be; words that are known, or like no other, are
   * absent.
   */
  correctionsOf(
    words: readonly string[],
    options: CallOptions = {},
  ): ResultAsync<Corrections, SqlError> {
    const doubtful = words.filter((word) => word.length >= minLength && !/^\p{N}+$/u.test(word))
    if (doubtful.length === 0) return okAsync(noCorrections)
    return this.#detect(options).andThen((hasTrigrams) =>
      hasTrigrams ? this.#bySimilarity(doubtful, options) : this.#byVocabulary(doubtful, options),
    )
  }

  #detect(options: CallOptions): ResultAsync<boolean, SqlError> {
    if (this.#hasTrigrams !== undefined) return okAsync(this.#hasTrigrams)
    return this.#stores.postgres
      .query<{ found: boolean }>(selectHasTrigrams, [], options)
      .map(({ rows }) => {
        this.#hasTrigrams = rows[0]?.found === true
        return this.#hasTrigrams
      })
  }

  #bySimilarity(
    words: readonly string[],
    options: CallOptions,
  ): ResultAsync<Corrections, SqlError> {
    return this.#stores.postgres
      .query<{ word: string; candidate: string }>(selectSimilarTitleWords, [words], options)
      .map(({ rows }) => {
        const candidates = Map.groupBy(rows, ({ word }) => word)
        return correct([...candidates.keys()], (word) =>
          (candidates.get(word) ?? []).map(({ candidate }) => candidate),
        )
      })
  }

  #byVocabulary(
    words: readonly string[],
    options: CallOptions,
  ): ResultAsync<Corrections, SqlError> {
    return this.#stores.postgres
      .query<{ word: string }>(selectUnknownWords, [words], options)
      .andThen(({ rows }) => {
        if (rows.length === 0) return okAsync(noCorrections)
        return this.#titleWords(options).map((vocabulary) =>
          correct(
            rows.map(({ word }) => word),
            () => vocabulary,
          ),
        )
      })
  }

  #titleWords(options: CallOptions): ResultAsync<readonly string[], SqlError> {
    const now = this.#stores.clock.monotonic()
    if (now - this.#readAtMs < vocabularyTtlMs) return okAsync(this.#vocabulary)
    return this.#stores.postgres
      .query<{ word: string }>(selectTitleWords, [], options)
      .map(({ rows }) => {
        this.#vocabulary = rows.map(({ word }) => word)
        this.#readAtMs = now
        return this.#vocabulary
      })
  }
}

function correct(
  words: readonly string[],
  candidatesOf: (word: string) => readonly string[],
): Corrections {
  return new Map(
    words.flatMap((word) => {
      const nearest = nearestTo(word, candidatesOf(word))
      return nearest.length === 0 ? [] : [[word, nearest] as const]
    }),
  )
}

function nearestTo(word: string, candidates: readonly string[]): readonly string[] {
  const max = word.length >= longLength ? 2 : 1
  const distances = candidates.map((candidate) => ({
    candidate,
    distance: editDistance(word, candidate, max),
  }))
  const least = Math.min(...distances.map(({ distance }) => distance))
  if (least > max) return []
  return distances
    .filter(({ distance }) => distance === least)
    .slice(0, maxCorrections)
    .map(({ candidate }) => candidate)
}
