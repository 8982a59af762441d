import { InvalidArgumentError } from 'commander'

/** A whole number of 1 or more. */
export function positive(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new InvalidArgumentError('expected a whole number of 1 or more')
}

/** Seconds, as milliseconds. */
export function seconds(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value * 1_000
  throw new InvalidArgumentError('expected a number of seconds above 0')
}

/** A moment with a time zone, as in `2026-11-28T20:00:00Z`. */
export function moment(text: string): Date {
  const date = new Date(text)
  if (/T.*(Z|[+-]\d\d:?\d\d)$/.test(text) && !Number.isNaN(date.getTime())) return date
  throw new InvalidArgumentError('expected a moment such as 2026-11-28T20:00:00Z')
}

/** A share of 0 to 1. */
export function share(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= 1) return value
  throw new InvalidArgumentError('expected a number from 0 to 1')
}
