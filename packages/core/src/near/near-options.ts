import * as z from 'zod/mini'
import { option, strictOptions } from '../check-options.ts'
import { once } from '../once.ts'

/**
 * The near tier: values that a process keeps itself and answers with, without any round trip, as
 * long as every writer waits until it has dropped them.
 */
export interface NearOptions {
  /**
   * Memory for the values of one cache, in bytes, as estimated from their texts; `0` keeps none,
   * and still makes the writers of this process wait for the others.
   *
   * @defaultValue `16_777_216`
   */
  readonly maxBytes?: number
  /**
   * Least time between two comparisons of a hit with PostgreSQL, in milliseconds: a value that
   * differs tells of a writer that does not take part (`near:audit`). One small statement each, per
   * cache and process; `0` for none.
   *
   * @defaultValue `10_000`
   */
  readonly auditEveryMs?: number
}

/** The defaults of {@link NearOptions}. */
export const nearDefaults = {
  maxBytes: 16 * 1024 * 1024,
  auditEveryMs: 10_000,
} as const satisfies Required<NearOptions>

/** Rules of {@link NearOptions}. */
export const nearRules = once(() =>
  strictOptions<NearOptions>({
    maxBytes: z.optional(option.countOrNone()),
    auditEveryMs: z.optional(option.durationOrNoneMs()),
  }),
)

/**
 * For how long a member may answer after it has sent a renewal that was accepted, and how long a
 * writer waits for one that does not acknowledge, in milliseconds. All processes must agree.
 */
export const memberMs = 600

/**
 * By how much a member ends its right earlier than writers stop to wait, in milliseconds: far more
 * than two clocks can differ in their pace within {@link memberMs}.
 */
export const marginMs = 100
