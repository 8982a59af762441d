import { describe, expect, it, test } from 'vitest'
import { envNumber } from '../src/env-number.ts'

describe('a number of the environment', () => {
  it('The number that is set counts, and otherwise the default', () => {
    expect(envNumber({ PORT: '8080' }, 'PORT', 0)).toBe(8_080)
    expect(envNumber({ PORT: '' }, 'PORT', 3)).toBe(3)
    expect(envNumber({}, 'PORT', 3)).toBe(3)
  })

  test.each(['10s', '-1', '1.5', 'NaN', '1e3', ' 1', '99999999999'])(
    'The text %j is refused with the name of its variable',
    (text) => {
      expect(() => envNumber({ CLOSE_DEADLINE_MS: text }, 'CLOSE_DEADLINE_MS', 0)).toThrow(
        `CLOSE_DEADLINE_MS: expected a whole number, got ${JSON.stringify(text)}`,
      )
    },
  )
})
