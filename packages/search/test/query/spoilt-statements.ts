import { vi } from 'vitest'
import type { SearchFixture } from '../search-fixture.ts'

/** Statements that PostgreSQL is to fail. */
export interface Spoilt {
  readonly isSpoilt: (statement: string) => boolean
  /** What PostgreSQL is sent instead. */
  readonly statement: string
}

/** Has PostgreSQL carry out another statement in the place of some; all others stay. */
export function spoil(
  { stores: { postgres } }: SearchFixture,
  { isSpoilt, statement }: Spoilt,
): void {
  const query = postgres.query.bind(postgres)
  vi.spyOn(postgres, 'query').mockImplementation((text, values, options) =>
    isSpoilt(text) ? query(statement, [], options) : query(text, values, options),
  )
}

/** Whether a statement asks for the forms of words that highlights mark. */
export function isOfHighlights(statement: string): boolean {
  return statement.includes('found.word AS found')
}
