import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { HeldMessages } from '../../src/nats/held-messages.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A message of a connection that may be closed. */
function message(connection: { isClosed: boolean }): { working(): void; beats: number } {
  const held = {
    beats: 0,
    working: () => {
      if (connection.isClosed) throw new Error('closed connection')
      held.beats += 1
    },
  }
  return held
}

test('The server is told of what is held, and no longer of what is not', () => {
  const held = new HeldMessages(() => undefined)
  const [one, other] = [message({ isClosed: false }), message({ isClosed: false })]
  held.add(one)
  held.add(other)
  const end = held.keep(1_000)
  vi.advanceTimersByTime(1_000)
  held.release(other)
  vi.advanceTimersByTime(2_000)
  end()
  vi.advanceTimersByTime(5_000)
  expect([one.beats, other.beats]).toEqual([3, 1])
})

test('A connection that is closed is reported once each time, and is no error of the process', () => {
  const errors: unknown[] = []
  const connection = { isClosed: true }
  const held = new HeldMessages((error) => errors.push(error))
  const one = message(connection)
  held.add(one)
  held.add(message(connection))
  const end = held.keep(1_000)
  vi.advanceTimersByTime(2_000)
  expect(errors.map(String)).toEqual(Array<string>(2).fill('Error: closed connection'))
  connection.isClosed = false
  vi.advanceTimersByTime(1_000)
  end()
  expect(one.beats).toBe(1)
})
