import { digest } from './digest.ts'

/** Longer names are replaced by their digest: they come from outside, and keys stay short. */
const maxLength = 50

/** Whether a value names something: a text that is not empty, or a number that is not `NaN`. */
export function isName(value: unknown): value is string | number {
  return typeof value === 'string' ? value !== '' : Number.isFinite(value)
}

/**
 * The parts of a key that stand for a name from outside: the name, or a word and its SHA-256. The
 * second part keeps digests apart from names that read like one.
 */
export function shortName(name: string | number): readonly string[] {
  const text = String(name)
  return text.length > maxLength ? ['sha256', digest(text)] : [text]
}
