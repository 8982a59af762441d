import type { CacheReports } from '../reports/cache-reports.ts'
import type { ValueCodec } from '../codec.ts'
import { isAbsentRow } from '../entry.ts'
import { EntryMemo } from './entry-memo.ts'

/** Stands for a key that has no value which can be read. */
export const noAnswer: unique symbol = Symbol('no answer')

/** A value, `undefined` for a row that does not exist, or {@link noAnswer}. */
export type Answer<Value> = Value | undefined | typeof noAnswer

/** Reads values from the texts of entries. */
export class EntryReader<Value> {
  readonly #reports: CacheReports
  readonly #parsed: EntryMemo

  /** `maxParsedLength` bounds the memory for parsed entries, in characters of their texts. */
  constructor(codec: ValueCodec<Value>, reports: CacheReports, maxParsedLength: number) {
    this.#reports = reports
    this.#parsed = new EntryMemo(maxParsedLength, (json) => codec.decode(json))
  }

  /** The value in an entry; {@link noAnswer}, with a diagnostic, when it cannot be read. */
  read(key: string, raw: string): Answer<Value> {
    try {
      return isAbsentRow(raw) ? undefined : (this.#parsed.read(key, raw) as Value)
    } catch (error) {
      this.#reports.rejected(`unreadable: ${String(error)}`)
      return noAnswer
    }
  }
}
