import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDate } from '../../src/mongodb-stand-in/engine/date-format.ts'
import {
  boundariesBetween,
  shift,
  type TimeUnit,
  truncate,
} from '../../src/mongodb-stand-in/engine/date-trunc.ts'
import { instantOf, localTimeOf } from '../../src/mongodb-stand-in/engine/time-zone.ts'

const ms = (text: string): number => new Date(text).getTime()
const truncated = (
  text: string,
  unit: TimeUnit,
  more: { binSize?: number; timezone?: string; startOfWeek?: string } = {},
): string =>
  new Date(
    truncate(ms(text), { unit, binSize: 1, timezone: undefined, startOfWeek: 'sunday', ...more }),
  ).toISOString()

describe('dates of the MongoDB stand-in', () => {
  it.each([
    ['2026-03-29T12:00:00Z', 'day', { timezone: 'Europe/Berlin' }, '2026-03-28T23:00:00.000Z'],
    ['2026-03-30T12:00:00Z', 'day', { timezone: 'Europe/Berlin' }, '2026-03-29T22:00:00.000Z'],
    ['2026-03-01T03:00:00Z', 'day', { timezone: 'America/New_York' }, '2026-02-28T05:00:00.000Z'],
    ['2026-03-01T03:00:00Z', 'day', { timezone: '+05:30' }, '2026-02-28T18:30:00.000Z'],
    ['2026-03-04T00:00:00Z', 'week', {}, '2026-03-01T00:00:00.000Z'],
    ['2026-03-04T00:00:00Z', 'week', { startOfWeek: 'monday' }, '2026-03-02T00:00:00.000Z'],
    [
      '2026-01-26T15:05:00Z',
      'week',
      { startOfWeek: 'monday', timezone: 'Europe/Berlin' },
      '2026-01-25T23:00:00.000Z',
    ],
    ['2026-05-31T12:00:00Z', 'quarter', {}, '2026-04-01T00:00:00.000Z'],
    ['1999-12-31T23:59:59Z', 'month', {}, '1999-12-01T00:00:00.000Z'],
    ['1969-07-20T20:17:40Z', 'year', {}, '1969-01-01T00:00:00.000Z'],
    ['2026-01-26T17:05:00Z', 'hour', { binSize: 6 }, '2026-01-26T12:00:00.000Z'],
    ['2026-01-26T17:14:59Z', 'minute', { binSize: 15 }, '2026-01-26T17:00:00.000Z'],
    ['2026-01-26T17:14:59Z', 'day', { binSize: 2 }, '2026-01-26T00:00:00.000Z'],
    ['2027-02-26T17:14:59Z', 'year', { binSize: 5 }, '2025-01-01T00:00:00.000Z'],
  ] as [string, TimeUnit, object, string][])(
    'Dates truncate %s to the %s with %j',
    (text, unit, more, expected) => {
      expect(truncated(text, unit, more)).toBe(expected)
    },
  )

  it('Dates truncate to a bin that holds them and that is its own beginning', () => {
    const unit = fc.constantFrom<TimeUnit>(
      'year',
      'quarter',
      'month',
      'week',
      'day',
      'hour',
      'minute',
    )
    const timezone = fc.constantFrom(
      undefined,
      'Europe/Berlin',
      'America/New_York',
      'Asia/Tokyo',
      '-03:30',
    )
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1975-01-01'), max: new Date('2050-01-01'), noInvalidDate: true }),
        unit,
        timezone,
        fc.integer({ min: 1, max: 4 }),
        (date, of, zone, binSize) => {
          const bin = { unit: of, binSize, timezone: zone, startOfWeek: 'monday' }
          const start = truncate(date.getTime(), bin)
          expect(start).toBeLessThanOrEqual(date.getTime())
          expect(truncate(start, bin)).toBe(start)
          expect(shift(start, { unit: of, amount: binSize, timezone: zone })).toBeGreaterThan(
            date.getTime(),
          )
        },
      ),
      { numRuns: 500 },
    )
  })

  it('Dates find the instant of a local time, past a gap and first of two', () => {
    expect(new Date(instantOf('Europe/Berlin', ms('2026-03-29T02:30:00Z'))).toISOString()).toBe(
      '2026-03-29T01:30:00.000Z',
    )
    expect(new Date(instantOf('Europe/Berlin', ms('2026-10-25T02:30:00Z'))).toISOString()).toBe(
      '2026-10-25T00:30:00.000Z',
    )
    expect(
      localTimeOf('Europe/Berlin', instantOf('Europe/Berlin', ms('2026-07-01T08:00:00Z'))),
    ).toBe(ms('2026-07-01T08:00:00Z'))
  })

  it('Dates are written with weeks, offsets and milliseconds', () => {
    expect(
      formatDate(
        ms('2027-01-01T00:00:00.005Z'),
        '%Y-%m-%d %j %U %V %G %u %w %L %z %Z %%',
        undefined,
      ),
    ).toBe('2027-01-01 001 00 53 2026 5 6 005 +0000 0 %')
    expect(formatDate(ms('2026-07-01T00:00:00Z'), '%H:%M %z %Z', 'America/New_York')).toBe(
      '20:00 -0400 -240',
    )
    expect(formatDate(ms('2026-07-01T00:00:00Z'), undefined, undefined)).toBe(
      '2026-07-01T00:00:00.000Z',
    )
  })

  it('Dates count boundaries and add months by the calendar', () => {
    const between = (from: string, to: string, unit: TimeUnit): number =>
      boundariesBetween(ms(from), ms(to), { unit, timezone: undefined, startOfWeek: 'sunday' })
    expect([
      between('2026-01-01T23:59:00Z', '2026-01-02T00:01:00Z', 'day'),
      between('2026-02-01', '2025-12-31', 'month'),
      between('2026-02-28', '2026-03-01', 'week'),
    ]).toEqual([1, -2, 1])
    expect(
      new Date(
        shift(ms('2024-01-31'), { unit: 'month', amount: 1, timezone: undefined }),
      ).toISOString(),
    ).toBe('2024-02-29T00:00:00.000Z')
  })
})
