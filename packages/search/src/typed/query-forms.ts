import { asTyped, normalise } from './normalise.ts'

/** The forms of a query. */
export interface QueryForms {
  /** The normalised query. */
  readonly query: string
  /** The same as it was typed, if that is another one. */
  readonly typed: string | undefined
}

/** Both forms of a query. */
export function formsOf(text: string): QueryForms {
  const [query, typed] = [normalise(text), asTyped(text)]
  return { query, typed: typed === query ? undefined : typed }
}
