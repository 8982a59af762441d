import * as z from 'zod/mini'
import { once } from './once.ts'

/**
 * An amount of money as a decimal string with two decimals, for instance `'49.00'`; never a float.
 */
export type Money = string

/** An amount as input: a decimal string, or a number that prints with at most two decimals. */
export type MoneyInput = string | number

const amountPattern = /^(\d{1,8})(?:\.(\d{1,2}))?$/

/**
 * Reads an amount as integer minor units; `undefined` when it is negative, has more than two
 * decimals or more than eight digits before the point.
 *
 * @example
 * ```ts
 * parseMoney('49.5') // 4950n
 * parseMoney(0.1 + 0.2) // undefined
 * ```
 */
export function parseMoney(input: MoneyInput): bigint | undefined {
  const [, units, decimals = ''] = amountPattern.exec(String(input)) ?? []
  if (units === undefined) return undefined
  return BigInt(units) * 100n + BigInt(decimals.padEnd(2, '0'))
}

/**
 * The schema of an amount; its output has two decimals, for instance `'49.50'`.
 *
 * @internal
 */
export const money = once(() =>
  z.pipe(
    z.union([z.string(), z.number()]),
    z.transform((input, context) => {
      const minor = parseMoney(input)
      if (minor !== undefined) return formatMoney(minor)
      const message = 'must be an amount from 0 to 99999999.99 with at most two decimals'
      context.issues.push({ code: 'custom', input, message })
      return z.NEVER
    }),
  ),
)

/** Writes integer minor units as a decimal string: `4950n` becomes `'49.50'`. */
export function formatMoney(minorUnits: bigint): Money {
  const sign = minorUnits < 0n ? '-' : ''
  const digits = String(minorUnits < 0n ? -minorUnits : minorUnits).padStart(3, '0')
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

/**
 * Subtracts in decimal arithmetic: `price − discount`, `undefined` when either is not an amount or
 * the discount is above the price.
 */
export function subtractMoney(price: MoneyInput, discount: MoneyInput): Money | undefined {
  const [from, taken] = [parseMoney(price), parseMoney(discount)]
  if (from === undefined || taken === undefined || taken > from) return undefined
  return formatMoney(from - taken)
}

/**
 * An amount in integer minor units as a number: exact, since amounts have at most ten digits.
 *
 * @throws RangeError when `amount` is not an amount.
 */
export function minorUnits(amount: Money): number {
  const parsed = parseMoney(amount)
  if (parsed === undefined)
    throw new RangeError(`an amount has at most eight digits and two decimals: got ${amount}`)
  return Number(parsed)
}
