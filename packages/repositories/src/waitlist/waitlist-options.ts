import { checkOptions, once, option, strictOptions } from '@headwater/core'
import * as z from 'zod/mini'

/** Limits and times of waiting lists. */
export interface WaitlistOptions {
  /**
   * Users on the waiting list of one course, at most; those with an offer count.
   *
   * @defaultValue `1_000`
   */
  readonly maxLength?: number
  /**
   * Time for which a seat is held for the user it is offered to, in milliseconds.
   *
   * @defaultValue a day
   */
  readonly offerMs?: number
  /**
   * Pause between two looks of this process for offers that have ended, in milliseconds. It bounds
   * how much later than that a seat goes to the next user. One small statement each time.
   *
   * @defaultValue `10_000`
   */
  readonly lookEveryMs?: number
}

/** The defaults of {@link WaitlistOptions}. */
export const waitlistDefaults = {
  maxLength: 1_000,
  offerMs: 24 * 60 * 60_000,
  lookEveryMs: 10_000,
} as const satisfies Required<WaitlistOptions>

const schema = once(() =>
  strictOptions<WaitlistOptions>({
    maxLength: option.count().check(z.maximum(10_000, 'expected 10,000 or fewer')),
    offerMs: option.durationMs(),
    lookEveryMs: option.timeoutMs(),
  }),
)

/**
 * Fills in the defaults.
 *
 * @throws InvalidOptions when an option breaks a rule.
 */
export function checkWaitlistOptions(options: WaitlistOptions = {}): Required<WaitlistOptions> {
  return checkOptions('createRepositories', z.object({ waitlist: schema() }), {
    waitlist: { ...waitlistDefaults, ...options },
  }).waitlist
}
