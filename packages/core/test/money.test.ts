import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatMoney, minorUnits, parseMoney, subtractMoney } from '../src/money.ts'

describe('money', () => {
  const readable = [
    ['49.00', 4_900n],
    ['49.5', 4_950n],
    ['49', 4_900n],
    [49.99, 4_999n],
    [0, 0n],
    ['0.01', 1n],
    ['99999999.99', 9_999_999_999n],
  ] as const
  test.each(readable)('parseMoney reads %s as minor units', (input, minor) => {
    expect(parseMoney(input)).toBe(minor)
  })

  const unreadable = [
    '-1',
    '1.234',
    '1e3',
    '',
    ' 1',
    '1.',
    '.5',
    '100000000',
    'NaN',
    -0.01,
    0.1 + 0.2,
    NaN,
    Infinity,
    1e21,
  ]
  test.each(unreadable)('parseMoney refuses "%s"', (input) => {
    expect(parseMoney(input)).toBeUndefined()
  })

  test('An amount that formatMoney writes reads back as the same number of minor units', () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 9_999_999_999n),
        (minor) => parseMoney(formatMoney(minor)) === minor,
      ),
    )
  })

  test('subtractMoney is exact where floats are not and refuses a result below zero', () => {
    expect(subtractMoney('0.30', '0.10')).toBe('0.20')
    expect(subtractMoney('49.00', 10)).toBe('39.00')
    expect(subtractMoney('10.00', '10.01')).toBeUndefined()
  })

  test('minorUnits returns an exact integer for the largest amount', () => {
    expect(minorUnits('99999999.99')).toBe(9_999_999_999)
  })
})
