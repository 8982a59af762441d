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
 * @throws RangeError when the key is longer than 512 characters. TypeError when a part is neither a
 *   text nor a number.
 * @example
 * ```ts
 * cacheKey('user', 5, 'enrollments').text // 'user:5:enrollments'
 * ```
 */
export function cacheKey(...parts: readonly (string | number | bigint)[]): CacheKey {
  const text = parts.map((part) => encodePart(textOf(part))).join(':')
  if (text.length > 512)
    throw new RangeError(`a cache key is at most 512 characters long: got ${text.length}`)
  return { text }
}

/** `String` makes the same text of all objects. */
function textOf(part: unknown): string {
  if (typeof part === 'string') return part
  if (typeof part === 'number' || typeof part === 'bigint') return String(part)
  throw new TypeError(`a part of a cache key is a text or a number: got a ${typeof part}`)
}

function encodePart(part: string): string {
  return /^[\w.@-]+$/.test(part)
    ? part
    : encodeURIComponent(part.toWellFormed()).replace(
        /[!'()*~]/g,
        (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
      )
}
