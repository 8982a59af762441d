/**
 * A number from 0 to 2³²-1 that is the same for the same text on every machine, and spreads well.
 * Unsuitable where an attacker gains by a collision. FNV-1a over UTF-16 code units, then the
 * finalizer of MurmurHash3: FNV alone leaves the low bits correlated.
 */
export function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
