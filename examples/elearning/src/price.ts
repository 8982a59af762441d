import { formatMoney, invalidField, parseMoney } from '@headwater/core'
import type { Money } from '@headwater/core'
import { refuse } from './failure.ts'

/** The coupons of the shop: whole percent off, by code. */
export type Coupons = Readonly<Record<string, number>>

/** The coupons of the example. */
export const couponDefaults: Coupons = { WELCOME: 20 }

/**
 * The discount that a coupon gives on a price, rounded down. An unknown coupon ends the request.
 */
export function discountOf(coupons: Coupons, code: string, price: Money): Money {
  const percent = Object.hasOwn(coupons, code) ? coupons[code] : undefined
  if (percent === undefined) return refuse(invalidField('payment.coupon', 'is not known'))
  return formatMoney(((parseMoney(price) ?? 0n) * BigInt(percent)) / 100n)
}
