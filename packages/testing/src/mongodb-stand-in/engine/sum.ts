import { add, fromInteger, numberKind, toNumber } from '../values/number.ts'
import { double, isInt32 } from '../values/document.ts'

/**
 * The sum of the numbers among the values: an int while it fits, then a long; a double or a decimal
 * if any value is one. Doubles are added with compensation, so that their order does not matter.
 */
export function sumOf(values: unknown[]): unknown {
  let small = 0
  let others: unknown = 0
  const doubles: number[] = []
  for (const value of values) {
    if (typeof value === 'number' && isInt32(value)) small += value
    else if (numberKind(value) === 'double') doubles.push(toNumber(value) ?? NaN)
    else if (numberKind(value) !== undefined) others = add(others, value)
  }
  const integers = add(others, fromInteger(BigInt(small)))
  return doubles.length === 0 ? integers : add(integers, double(compensated(doubles)))
}

function compensated(values: number[]): number {
  let sum = 0
  let lost = 0
  for (const value of values) {
    const next = sum + value
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
    sum = next
  }
  return Number.isFinite(sum) ? sum + lost : sum
}
