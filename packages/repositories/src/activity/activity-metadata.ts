import { once } from '@headwater/core'
import * as z from 'zod/mini'
import { isText } from '../input.ts'
import { activityLimits } from './activity-limits.ts'
import type { ActivityMetadata } from './activity.ts'

/**
 * Prepares metadata for storage. Request headers are not in the host's hands, so none of them makes
 * an activity fail: a long user agent or referrer is cut, and a text that no store takes is left
 * out, as is an address that is too long.
 */
export function storableMetadata({
  ipAddress,
  userAgent,
  referrer,
}: ActivityMetadata): ActivityMetadata {
  return {
    ipAddress: isText(ipAddress, activityLimits.ipAddress) ? ipAddress : undefined,
    userAgent: cut(userAgent, activityLimits.userAgent),
    referrer: cut(referrer, activityLimits.referrer),
  }
}

/** Checks {@link ActivityMetadata}. */
export const metadataInput = once(() =>
  z.pipe(
    z.strictObject({
      ipAddress: z.optional(z.string()),
      userAgent: z.optional(z.string()),
      referrer: z.optional(z.string()),
    }),
    z.transform(storableMetadata),
  ),
)

function cut(text: string | undefined, maxLength: number): string | undefined {
  if (text === undefined || text.length <= maxLength)
    return isText(text, maxLength) ? text : undefined
  // The cut may fall between the two halves of a character.
  const whole = text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '')
  return isText(whole, maxLength) ? whole : undefined
}
