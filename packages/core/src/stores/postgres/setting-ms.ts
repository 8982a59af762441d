/** PostgreSQL holds its settings in 32 bits. */
const longestMs = 2 ** 31 - 1

/** A span of time as a setting of PostgreSQL takes it; a longer one counts as 24 days. */
export function settingMs(ms: number): number {
  return Math.min(longestMs, Math.ceil(ms))
}
