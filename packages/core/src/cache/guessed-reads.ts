import { RecentMap } from '../recent-map.ts'
import { type Result, ResultAsync } from '../result.ts'

/** Reads many rows by their ids. */
export type ReadRows<Row, E> = (ids: readonly number[]) => ResultAsync<Map<number, Row>, E>

/**
 * Remembers which rows a question needed last time, and reads them at once when it is asked again,
 * beside the answer that tells which ones it needs: one round trip instead of two. A wrong guess
 * costs a read, and no row is older for it than the question.
 */
export class GuessedReads<Row, E> {
  readonly #needed: RecentMap<string, readonly number[]>

  /** @param maxQuestions - questions that are remembered, those that were asked last */
  constructor(maxQuestions: number) {
    this.#needed = new RecentMap(maxQuestions)
  }

  /** Begins to read what the question needed last time. Returns how to read what it needs now. */
  begin(question: string, read: ReadRows<Row, E>): ReadRows<Row, E> {
    const remembered = this.#needed.get(question) ?? []
    const guess = remembered.length === 0 ? undefined : read(remembered)
    let needed: readonly number[] = []
    return (wanted) => {
      needed = needed.length === 0 ? wanted : [...needed, ...wanted]
      this.#needed.set(question, needed)
      if (guess === undefined) return read(wanted)
      const rows = guess.then<Found<Row, E>, never>((known) =>
        readRest(wanted, { ids: remembered, known, read }),
      )
      return new ResultAsync(Promise.resolve(rows))
    }
  }
}

type Found<Row, E> = Result<Map<number, Row>, E>

interface Guess<Row, E> {
  readonly ids: readonly number[]
  readonly known: Found<Row, E>
  readonly read: ReadRows<Row, E>
}

/** A guess that failed is none. */
function readRest<Row, E>(
  wanted: readonly number[],
  { ids, known, read }: Guess<Row, E>,
): Found<Row, E> | PromiseLike<Found<Row, E>> {
  if (known.isErr()) return read(wanted)
  const missing = wanted.filter((id) => !known.value.has(id) && !ids.includes(id))
  if (missing.length === 0) return known
  return read(missing).map((found) => new Map([...known.value, ...found]))
}
