import { Long, ObjectId, Timestamp } from 'bson'
import type { Options } from 'mingo/types'
import { evalExpr } from 'mingo/core'
import { ServerError } from '../server-error.ts'
import { isDocument } from '../values/document.ts'
import { fromInteger } from '../values/number.ts'
import { evaluateNamed, isNil, requireNumber } from './arguments.ts'
import { formatDate, isoWeekOf, weekOf } from './date-format.ts'
import { boundariesBetween, shift, truncate, unitMs, unitOf } from './date-trunc.ts'
import type { Expression } from './options.ts'
import { instantOf, localTimeOf } from './time-zone.ts'

/** Date operators that honour time zones with daylight saving time. */
export const dateOperators: Record<string, Expression> = {
  $dateTrunc: (document, argument, options) => {
    const names = ['date', 'unit', 'binSize', 'timezone', 'startOfWeek']
    const given = evaluateNamed({ document, argument, options }, '$dateTrunc', names)
    if (names.some((name) => name in given && isNil(given[name]))) return null
    const unit = unitOf(given['unit'])
    const binSize = requireNumber(given['binSize'] ?? 1, '$dateTrunc')
    if (!Number.isInteger(binSize) || binSize < 1) {
      throw new ServerError(5439018, `$dateTrunc requires 'binSize' to be greater than 0`)
    }
    return new Date(
      truncate(instant(given['date']), {
        unit,
        binSize,
        timezone: zone(given),
        startOfWeek: startOfWeek(given),
      }),
    )
  },
  $dateAdd: (document, argument, options) => moved({ document, argument, options }, '$dateAdd', 1),
  $dateSubtract: (document, argument, options) =>
    moved({ document, argument, options }, '$dateSubtract', -1),
  $dateDiff: (document, argument, options) => {
    const names = ['startDate', 'endDate', 'unit', 'timezone', 'startOfWeek']
    const given = evaluateNamed({ document, argument, options }, '$dateDiff', names)
    if (names.some((name) => name in given && isNil(given[name]))) return null
    const options_ = {
      unit: unitOf(given['unit']),
      timezone: zone(given),
      startOfWeek: startOfWeek(given),
    }
    return fromInteger(
      BigInt(boundariesBetween(instant(given['startDate']), instant(given['endDate']), options_)),
      'long',
    )
  },
  $dateToString: (document, argument, options) => {
    const given = evaluateNamed({ document, argument, options }, '$dateToString', [
      'date',
      'format',
      'timezone',
      'onNull',
    ])
    if (isNil(given['date'])) return given['onNull'] ?? null
    return formatDate(instant(given['date']), given['format'] as string | undefined, zone(given))
  },
  $dateFromParts: (document, argument, options) => {
    const names = ['year', 'month', 'day', 'hour', 'minute', 'second', 'millisecond', 'timezone']
    const given = evaluateNamed({ document, argument, options }, '$dateFromParts', names)
    if (names.some((name) => name in given && isNil(given[name]))) return null
    const part = (name: string, otherwise: number): number =>
      requireNumber(given[name] ?? otherwise, '$dateFromParts')
    const local = new Date(0)
    local.setUTCFullYear(part('year', 1970), part('month', 1) - 1, part('day', 1))
    local.setUTCHours(part('hour', 0), part('minute', 0), part('second', 0), part('millisecond', 0))
    return new Date(instantOf(zone(given), local.getTime()))
  },
  $year: part((date) => date.getUTCFullYear()),
  $month: part((date) => date.getUTCMonth() + 1),
  $dayOfMonth: part((date) => date.getUTCDate()),
  $dayOfWeek: part((date) => date.getUTCDay() + 1),
  $isoDayOfWeek: part((date) => date.getUTCDay() || 7),
  $dayOfYear: part(
    (date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / unitMs.day) + 1,
  ),
  $hour: part((date) => date.getUTCHours()),
  $minute: part((date) => date.getUTCMinutes()),
  $second: part((date) => date.getUTCSeconds()),
  $millisecond: part((date) => date.getUTCMilliseconds()),
  $week: part(weekOf),
  $isoWeek: part((date) => isoWeekOf(date).week),
  $isoWeekYear: part((date) => Long.fromNumber(isoWeekOf(date).year)),
}

/**
 * The instant of a date, an ObjectId or a timestamp, in milliseconds; anything else is an error.
 */
export function instant(value: unknown): number {
  if (value instanceof Date) return value.getTime()
  if (value instanceof ObjectId) return value.getTimestamp().getTime()
  if (value instanceof Timestamp) return value.getHighBits() * 1000
  throw new ServerError(16006, `can't convert from BSON type ${typeof value} to Date`)
}

interface Call {
  document: unknown
  argument: unknown
  options: Options
}

function zone(given: Record<string, unknown>): string | undefined {
  const timezone = given['timezone']
  if (timezone === undefined || typeof timezone === 'string') return timezone
  throw new ServerError(40517, 'timezone must evaluate to a string')
}

function startOfWeek(given: Record<string, unknown>): string {
  const { startOfWeek: name = 'sunday' } = given
  if (typeof name === 'string') return name
  throw new ServerError(9, 'startOfWeek must evaluate to a string')
}

function moved(call: Call, name: string, direction: 1 | -1): Date | null {
  const given = evaluateNamed(call, name, ['startDate', 'unit', 'amount', 'timezone'])
  if (isNil(given['startDate']) || isNil(given['unit']) || isNil(given['amount'])) return null
  const amount = requireNumber(given['amount'], name) * direction
  return new Date(
    shift(instant(given['startDate']), {
      unit: unitOf(given['unit']),
      amount,
      timezone: zone(given),
    }),
  )
}

function part(read: (date: Date) => unknown): Expression {
  return (document, argument, options) => {
    const named = isDocument(argument) && !Object.keys(argument)[0]?.startsWith('$')
    const single =
      Array.isArray(argument) && argument.length === 1 ? (argument[0] as unknown) : argument
    const given = named
      ? evaluateNamed({ document, argument, options }, 'date part', ['date', 'timezone'])
      : { date: evalExpr(document, single, options) }
    if (isNil(given['date'])) return null
    return read(new Date(localTimeOf(zone(given), instant(given['date']))))
  }
}
