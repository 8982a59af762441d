import type { Abortable, CallOptions } from '@headwater/core'

/** A query that several users have asked. */
export interface AskedQuery {
  /**
   * The query, in the spelling of the most users, where enough wrote that one; else the words of
   * which most wrote it, or its form.
   */
  readonly query: string
  /** At least so many users asked it, in any spelling, and found something. */
  readonly users: number
  /**
   * Whether `query` is the form, in which words are written as one, since enough users wrote none
   * of its spellings.
   *
   * @defaultValue `false`
   */
  readonly isJoined?: boolean
}

/** The form of a query in which its spellings are equal, and how it is shown. */
export interface QueryForm {
  /** Equal for spellings of one query; not empty, without spaces, at most 200 characters. */
  readonly form: string
  /** The query as it is shown. */
  readonly text: string
  /**
   * The same in words, for spellings that differ in what is between them.
   *
   * @defaultValue `text`
   */
  readonly words?: string
}

/** What the asked queries are gathered by. */
export interface GatherOptions extends Abortable {
  /** The form of a logged query; `undefined`, or an error, where it must never be shown. */
  readonly formOf: (query: string) => QueryForm | undefined
  /**
   * The fewest different users who must have asked a query, 2 or more. Nothing is stored that fewer
   * asked: one that reads with less reads what this one stored.
   */
  readonly minUsers: number
  /** The days that count, back from now, at most 730. */
  readonly days: number
  /**
   * Whether to gather only what nobody has gathered for an hour, nor has tried to.
   *
   * @defaultValue `false`
   */
  readonly onlyIfDue?: boolean | undefined
}

/** What came of gathering the asked queries. */
export interface Gathered {
  /** The number of queries now; `undefined` where it was not due. */
  readonly queries: number | undefined
  /** Milliseconds until it is due again. */
  readonly dueInMs: number
}

/** Which asked queries to read. */
export interface AskedQueriesOptions extends CallOptions {
  /** The fewest different users who must have asked a query, 2 or more. */
  readonly minUsers: number
  /** The most queries to read, 1 to 100. */
  readonly limit: number
}
