import { randomUUID } from 'node:crypto'
import { systemClock } from '../clock.ts'

/**
 * A new UUID of version 7: its first 48 bits are the time in milliseconds, the others are random. Version 4, of which Node keeps a stock, lays
 * out the rest in the same way.
 */
export function newEventId(nowMs: number = systemClock.now()): string {
  const time = nowMs.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}
