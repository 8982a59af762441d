import { ServerError } from '../server-error.ts'
import { instantOf, localTimeOf, offsetAt } from './time-zone.ts'

/** The units of time of date operators. */
export type TimeUnit =
  'year' | 'quarter' | 'month' | 'week' | 'day' | 'hour' | 'minute' | 'second' | 'millisecond'

/** Milliseconds of the units of fixed length. */
export const unitMs = {
  week: 604_800_000,
  day: 86_400_000,
  hour: 3_600_000,
  minute: 60_000,
  second: 1000,
  millisecond: 1,
} as const

const months = { year: 12, quarter: 3, month: 1 } as const
const reference = Date.UTC(2000, 0, 1)
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

/** The arguments of $dateTrunc besides the date. */
export interface Truncation {
  unit: TimeUnit
  binSize: number
  timezone: string | undefined
  startOfWeek: string
}

/**
 * The start of the bin that an instant falls in. Bins are counted from the first of January 2000 in
 * the zone's local time, weeks from the first start of a week on or after it.
 */
export function truncate(instant: number, truncation: Truncation): number {
  const { unit, binSize, timezone } = truncation
  const local = localTimeOf(timezone, instant)
  if (unit === 'year' || unit === 'quarter' || unit === 'month') {
    return instantOf(timezone, toMonths(local, months[unit] * binSize))
  }
  const size = unitMs[unit] * binSize
  if (unit === 'day' || unit === 'week') {
    const start =
      unit === 'week' ? reference + daysUntil(truncation.startOfWeek) * unitMs.day : reference
    return instantOf(timezone, floorTo(local, start, size))
  }
  const start = reference - offsetAt(timezone, reference)
  return floorTo(instant, start, size)
}

/** A unit by its name, or the error that mongod reports for an unknown one. */
export function unitOf(name: unknown): TimeUnit {
  if (typeof name === 'string' && (name in unitMs || name in months)) return name as TimeUnit
  throw new ServerError(9, `unknown time unit value: ${String(name)}`)
}

/** The number of a weekday, Sunday being 0, from its name or its first three letters. */
export function weekdayOf(name: string): number {
  const lower = name.toLowerCase()
  const index = weekdays.findIndex((weekday) => weekday === lower || weekday.slice(0, 3) === lower)
  if (index < 0) throw new ServerError(9, `unknown day of week value: ${name}`)
  return index
}

/**
 * An instant moved by whole units in a zone's local time. Months keep the day where the month has
 * it, else its last day.
 */
export function shift(
  instant: number,
  by: { unit: TimeUnit; amount: number; timezone: string | undefined },
): number {
  const { unit, amount, timezone } = by
  if (unit !== 'year' && unit !== 'quarter' && unit !== 'month') {
    if (unit !== 'day' && unit !== 'week') return instant + amount * unitMs[unit]
    return instantOf(timezone, localTimeOf(timezone, instant) + amount * unitMs[unit])
  }
  const date = new Date(localTimeOf(timezone, instant))
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + amount * months[unit])
  date.setUTCDate(
    Math.min(
      day,
      new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
    ),
  )
  return instantOf(timezone, date.getTime())
}

/** The number of unit boundaries between two instants, negative when the second is earlier. */
export function boundariesBetween(
  from: number,
  to: number,
  options: Omit<Truncation, 'binSize'>,
): number {
  const { unit, timezone } = options
  const floor = (instant: number): number =>
    localTimeOf(timezone, truncate(instant, { ...options, binSize: 1 }))
  if (unit === 'year' || unit === 'quarter' || unit === 'month') {
    return (monthsOf(floor(to)) - monthsOf(floor(from))) / months[unit]
  }
  if (unit === 'day' || unit === 'week') return Math.round((floor(to) - floor(from)) / unitMs[unit])
  return Math.floor(to / unitMs[unit]) - Math.floor(from / unitMs[unit])
}

function monthsOf(local: number): number {
  const date = new Date(local)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

function toMonths(local: number, size: number): number {
  const since = monthsOf(local) - 2000 * 12
  const date = new Date(reference)
  date.setUTCMonth(Math.floor(since / size) * size)
  return date.getTime()
}

function floorTo(value: number, start: number, size: number): number {
  return start + Math.floor((value - start) / size) * size
}

function daysUntil(startOfWeek: string): number {
  return (weekdayOf(startOfWeek) - new Date(reference).getUTCDay() + 7) % 7
}
