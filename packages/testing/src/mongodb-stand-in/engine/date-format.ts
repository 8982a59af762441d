import { ServerError } from '../server-error.ts'
import { localTimeOf } from './time-zone.ts'
import { unitMs } from './date-trunc.ts'

const pad = (value: number, digits: number): string => String(value).padStart(digits, '0')

const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

const specifiers: Record<string, (local: Date, offsetMs: number) => string> = {
  '%': () => '%',
  b: (date) => (monthNames[date.getUTCMonth()] ?? '').slice(0, 3),
  B: (date) => monthNames[date.getUTCMonth()] ?? '',
  Y: (date) => pad(date.getUTCFullYear(), 4),
  G: (date) => pad(isoWeekOf(date).year, 4),
  m: (date) => pad(date.getUTCMonth() + 1, 2),
  d: (date) => pad(date.getUTCDate(), 2),
  H: (date) => pad(date.getUTCHours(), 2),
  M: (date) => pad(date.getUTCMinutes(), 2),
  S: (date) => pad(date.getUTCSeconds(), 2),
  L: (date) => pad(date.getUTCMilliseconds(), 3),
  j: (date) => pad(dayOfYear(date), 3),
  w: (date) => String(date.getUTCDay() + 1),
  u: (date) => String(date.getUTCDay() || 7),
  U: (date) => pad(weekOf(date), 2),
  V: (date) => pad(isoWeekOf(date).week, 2),
  z: (_date, offsetMs) => {
    const minutes = Math.abs(offsetMs) / unitMs.minute
    return `${offsetMs < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60), 2)}${pad(minutes % 60, 2)}`
  },
  Z: (_date, offsetMs) => String(offsetMs / unitMs.minute),
}

/** A date as text in MongoDB's format language. An unknown specifier is an error. */
export function formatDate(
  instant: number,
  format: string | undefined,
  timezone: string | undefined,
): string {
  const local = localTimeOf(timezone, instant)
  const pattern =
    format ??
    (timezone === undefined || timezone === 'UTC'
      ? '%Y-%m-%dT%H:%M:%S.%LZ'
      : '%Y-%m-%dT%H:%M:%S.%L')
  return pattern.replace(/%(.?)/g, (_match, letter: string) => {
    const write = specifiers[letter]
    if (write === undefined)
      throw new ServerError(18536, `Invalid format character '%${letter}' in format string`)
    return write(new Date(local), local - instant)
  })
}

/** The ISO 8601 week of a date and the year that the week belongs to. */
export function isoWeekOf(date: Date): { year: number; week: number } {
  const thursday = new Date(date.getTime() + (4 - (date.getUTCDay() || 7)) * unitMs.day)
  return { year: thursday.getUTCFullYear(), week: Math.floor((dayOfYear(thursday) - 1) / 7) + 1 }
}

/**
 * The week of the year with weeks that begin on Sunday; the days before the first Sunday are in
 * week 0.
 */
export function weekOf(date: Date): number {
  return Math.floor((dayOfYear(date) - 1 + 7 - date.getUTCDay()) / 7)
}

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / unitMs.day) + 1
}
