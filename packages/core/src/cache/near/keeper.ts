import type { Row } from '../row-keys.ts'

/** Keeps entries that were read from Redis. */
export interface Keeper {
  /** To be noted before the first command of a read. */
  readonly moment: number
  /** Keeps an entry that was read since that moment. */
  keep(row: Row<unknown>, raw: string, since: number): void
}
