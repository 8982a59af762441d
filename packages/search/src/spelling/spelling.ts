import { okAsync } from '@headwater/core'
import type { CallOptions, ResultAsync, SqlError, Stores } from '@headwater/core'
import { editDistance } from './edit-distance.ts'
import type { OtherConfigurations } from './languages.ts'
import {
  selectHasTrigrams,
  selectSimilarWords,
  selectTitles,
  selectTitleWords,
  selectUnknownWords,
} from './spelling-queries.ts'

/** Options of corrections. */
export interface CorrectionOptions extends CallOptions {
  /**
   * The configurations of the catalogue besides `english`.
   *
   * @defaultValue none
   */
  readonly configurations?: OtherConfigurations | undefined
}

/** Unknown words, each with the words that it may have meant. */
export type Corrections = ReadonlyMap<string, readonly string[]>

const minLength = 4
const longLength = 7
const maxCorrections = 3
const vocabularyTtlMs = 5 * 60_000
const noCorrections: Corrections = new Map()

/**
 * Corrects words that no published course has to words of titles that are one edit away, or two for
 * long words.
 *
 * With `pg_trgm` and the table of words, which are looked for once, PostgreSQL finds similar words
 * by trigrams: 1 round trip. Without them, this process reads the words of all titles, at most
 * 20,000, every five minutes: 1 round trip, 2 when it reads them.
 */
export class Spelling {
  readonly #stores: Stores
  #hasTrigrams: boolean | undefined
  #vocabulary: readonly string[] = []
  #readAtMs = -Infinity

  constructor(stores: Stores) {
    this.#stores = stores
  }

  /** The corrections of these words. Known words, and words similar to no other, have no entry. */
  correctionsOf(
    words: readonly string[],
    { configurations = [], ...options }: CorrectionOptions = {},
  ): ResultAsync<Corrections, SqlError> {
    const doubtful = words.filter((word) => word.length >= minLength && !/^\p{N}+$/u.test(word))
    if (doubtful.length === 0) return okAsync(noCorrections)
    return this.#detect(options).andThen((hasTrigrams) =>
      hasTrigrams
        ? this.#bySimilarity(doubtful, { ...options, configurations })
        : this.#byVocabulary(doubtful, { ...options, configurations }),
    )
  }

  /** The titles of these courses, in their order. */
  titlesOf(
    courses: readonly number[],
    options: CallOptions = {},
  ): ResultAsync<readonly string[], SqlError> {
    return this.#stores.postgres
      .query<{ title: string }>(selectTitles, [courses], options)
      .map(({ rows }) => rows.map(({ title }) => title))
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
    { configurations = [], ...options }: CorrectionOptions,
  ): ResultAsync<Corrections, SqlError> {
    return this.#stores.postgres
      .query<{ word: string; candidate: string }>(
        selectSimilarWords(configurations),
        [words],
        options,
      )
      .map(({ rows }) => {
        const candidates = Map.groupBy(rows, ({ word }) => word)
        return correct([...candidates.keys()], (word) =>
          (candidates.get(word) ?? []).map(({ candidate }) => candidate),
        )
      })
  }

  #byVocabulary(
    words: readonly string[],
    { configurations = [], ...options }: CorrectionOptions,
  ): ResultAsync<Corrections, SqlError> {
    return this.#stores.postgres
      .query<{ word: string }>(selectUnknownWords(configurations), [words], options)
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
