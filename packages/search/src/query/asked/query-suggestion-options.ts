import { once, option, strictOptions } from '@headwater/core'
import * as z from 'zod/mini'

/**
 * Which queries `suggestQueries` may suggest. All processes of a log need the same: one of them
 * gathers the queries for all.
 */
export interface QuerySuggestionOptions {
  /**
   * The fewest different users who must have asked a query and found something, 2 or more. Accounts
   * are counted, not persons. Searches without a user do not count.
   *
   * @defaultValue `5`
   */
  readonly minUsers?: number
  /**
   * The days of the log that count, back from now, at most 730. What was asked 30 days ago counts
   * half as much as what is asked today.
   *
   * @defaultValue `90`
   */
  readonly days?: number
  /**
   * Words that no suggestion has, alone or in a row, compared as a search compares them, but not by
   * their stems. They hold at once. At most 10,000.
   *
   * @defaultValue none
   */
  readonly blocked?: readonly string[]
}

/** The defaults of {@link QuerySuggestionOptions}. */
export const querySuggestionDefaults = { minUsers: 5, days: 90 } as const

/** The rules of {@link QuerySuggestionOptions}. */
export const querySuggestionRules = once(() =>
  strictOptions<QuerySuggestionOptions>({
    minUsers: z.optional(
      z.int('expected a number of users').check(z.minimum(2, 'expected 2 users or more')),
    ),
    days: z.optional(
      z
        .number('expected a number of days')
        .check(z.positive('expected more than 0 days'), z.maximum(730, 'expected at most 730')),
    ),
    blocked: z.optional(
      z
        .array(
          option
            .text()
            .check(
              z.maxLength(200, 'expected at most 200 characters'),
              z.regex(/[\p{L}\p{N}]/u, 'expected a letter or a digit'),
            ),
          'expected a list of words',
        )
        .check(z.maxLength(10_000, 'expected at most 10000')),
    ),
  }),
)
