import { ServerError } from '../server-error.ts'

const fixedOffset = /^([+-])(\d{2}):?(\d{2})?$/

/**
 * The offset of a time zone (an Olson name, `UTC`, `GMT` or `+hh:mm`) from UTC at an instant, in
 * milliseconds.
 */
export function offsetAt(timezone: string | undefined, instant: number): number {
  if (timezone === undefined || ['UTC', 'GMT', 'Z'].includes(timezone)) return 0
  const fixed = fixedOffset.exec(timezone)
  if (fixed === null) return olsonOffset(timezone, instant)
  const minutes = Number(fixed[2]) * 60 + Number(fixed[3] ?? 0)
  return (fixed[1] === '-' ? -minutes : minutes) * 60_000
}

/**
 * The instant at which clocks in the zone show the given local time (milliseconds as if it were
 * UTC). A local time skipped by a change to summer time is taken as the moment after the gap; one
 * that happens twice as the first.
 */
export function instantOf(timezone: string | undefined, local: number): number {
  const before = local - offsetAt(timezone, local - 86_400_000)
  const after = local - offsetAt(timezone, local + 86_400_000)
  const [earlier, later] = before < after ? [before, after] : [after, before]
  if (earlier + offsetAt(timezone, earlier) === local) return earlier
  return later
}

/** Local time in the zone at an instant, in milliseconds as if it were UTC. */
export function localTimeOf(timezone: string | undefined, instant: number): number {
  return instant + offsetAt(timezone, instant)
}

function olsonOffset(timezone: string, instant: number): number {
  const parts = new Map(
    formatterFor(timezone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0
  const date = new Date(0)
  date.setUTCFullYear(part('year'), part('month') - 1, part('day'))
  date.setUTCHours(part('hour'), part('minute'), part('second'))
  return date.getTime() - Math.floor(instant / 1000) * 1000
}

function formatterFor(timezone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    throw new ServerError(40485, `unrecognized time zone identifier: "${timezone}"`)
  }
}
