/** Limits of an activity: lengths in UTF-16 units, moments in milliseconds since the epoch. */
export const activityLimits = {
  type: 100,
  ipAddress: 45,
  userAgent: 1_000,
  referrer: 2_000,
  from: Date.UTC(2000, 0, 1),
  to: Date.UTC(2100, 0, 1),
} as const

/** The form of an activity's type. */
export const activityTypePattern = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/
