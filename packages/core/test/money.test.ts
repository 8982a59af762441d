import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatMoney, minorUnits, parseMoney, subtractMoney } from '../src/money.ts'

describe('money', () => {
  test.each([
    ['49.00', 4_900n],
    ['49.5', 4_950n],
    ['49', 4_900n],
    [49.99, 4_999n],
    [0, 0n],
    ['0.01', 1n],
    ['99999999.99', 9_999_999_999n],
  ])('reads %s as minor units', (input, minor) => {
    expect(parseMoney(input)).toBe(minor)
  })

  test.each([
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
  ])('refuses %s', (input) => {
    expect(parseMoney(input)).toBeUndefined()
  })

  test('keeps every amount through reading and writing', () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 9_999_999_999n),
        (minor) => parseMoney(formatMoney(minor)) === minor,
      ),
    )
  })

  test('subtracts without the error of floats', () => {
    expect(subtractMoney('0.30', '0.10')).toBe('0.20')
    expect(subtractMoney('49.00', 10)).toBe('39.00')
    expect(subtractMoney('10.00', '10.01')).toBeUndefined()
  })

  test('gives minor units as exact integers up to the largest amount', () => {
    expect(minorUnits('99999999.99')).toBe(9_999_999_999)
  })
})
