/**
 * The name of one entry: what a read looks under and what a writer invalidates. Make one with
 * `cache.key(id)` or {@link cacheKey}.
 */
export interface CacheKey {
  /** The Redis key without the deployment's prefix. */
  readonly text: string
}

/**
 * Builds a key from parts joined by `:`. Each part is percent-encoded where it holds anything but
 * letters, digits, `.`, `_`, `-`, `@`, so that no id can collide with another key or pin a cluster
 * slot.
 *
 * @throws RangeError when the key is longer than 512 characters.
 * @example
 * ```ts
 * cacheKey('user', 5, 'enrollments').text // 'user:5:enrollments'
 * ```
 */
export function cacheKey(...parts: readonly (string | number | bigint)[]): CacheKey {
  const text = parts.map((part) => encodePart(String(part))).join(':')
  if (text.length > 512)
    throw new RangeError(`a cache key is at most 512 characters long: got ${text.length}`)
  return { text }
}

function encodePart(part: string): string {
  return /^[\w.@-]+$/.test(part)
    ? part
    : encodeURIComponent(part.toWellFormed()).replace(
        /[!'()*~]/g,
        (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
      )
}
