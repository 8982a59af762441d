import { randomUUID } from 'node:crypto'
import { systemClock } from '../../clock.ts'

/**
 * Makes UUIDs of version 7: the first 48 bits are the time in milliseconds, the others are random.
 * Version 4, of which Node keeps a stock, has the same layout after them.
 */
export function newEventIds(count: number, nowMs: number = systemClock.now()): readonly string[] {
  const time = nowMs.toString(16).padStart(12, '0')
  const beginning = `${time.slice(0, 8)}-${time.slice(8)}-7`
  return Array.from({ length: count }, () => beginning + randomUUID().slice(15))
}
