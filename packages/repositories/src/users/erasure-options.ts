import { checkOptions, once, strictOptions } from '@headwater/core'
import * as z from 'zod/mini'

/** Options of the erasure of deleted users. */
export interface ErasureOptions {
  /**
   * Days after which the link from a deleted user's id to the pseudonym is removed. Until then
   * activity that is written late, or parked late by a sink, still receives the pseudonym. Address
   * and browser of a registration wait no longer than that for the activity log.
   *
   * @defaultValue `30`
   */
  readonly retentionDays?: number
}

/** Defaults of {@link ErasureOptions}. */
export const erasureDefaults = {
  retentionDays: 30,
} as const satisfies Required<ErasureOptions>

const schema = once(() =>
  z.object({
    erasures: strictOptions<ErasureOptions>({
      retentionDays: z
        .number('expected a number of days')
        .check(
          z.positive('expected more than 0 days'),
          z.maximum(36_500, 'expected 36,500 days or fewer'),
        ),
    }),
  }),
)

/**
 * Fills in the defaults.
 *
 * @throws InvalidOptions when an option breaks a rule.
 */
export function checkErasureOptions(options: ErasureOptions = {}): Required<ErasureOptions> {
  return checkOptions('createRepositories', schema(), {
    erasures: { ...erasureDefaults, ...options },
  }).erasures
}
