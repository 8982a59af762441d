import { randomUUID } from 'node:crypto'
import { systemClock } from '../../clock.ts'

/**
 * Makes UUIDs of version 7: the first 48 bits are the time in milliseconds, the others are random.
 * Version 4, of which Node keeps a stock, has the same layout after them.
 */
export function newEventIds(count: number, nowMs: number = systemClock.now()): readonly string[] {
  const beginning = `${timeOf(nowMs)}-7`
  return Array.from({ length: count }, () => beginning + randomUUID().slice(15))
}

/**
 * An id below all those of version 7 that are made at a moment or later, and above all earlier
 * ones.
 */
export function leastIdAt(moment: Date): string {
  return `${timeOf(moment.getTime())}-0000-0000-000000000000`
}

/** The first 48 bits of an id, with their hyphen. */
function timeOf(ms: number): string {
  const time = ms.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}`
}
