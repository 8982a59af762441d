import * as z from 'zod/mini'
import { validate } from './input.ts'

/**
 * One value, or a list of 1 to 100 of them; equal lists get one form, whatever their order.
 *
 * @internal
 */
export function oneOrMore<T extends string | number>(value: z.ZodMiniType<T>) {
  const list = z
    .array(value)
    .check(z.minLength(1, 'must have a value'), z.maxLength(100, 'must have at most 100 values'))
  return z.pipe(
    z.unknown(),
    z.transform((given, context) => {
      const checked = Array.isArray(given)
        ? validate(list, given)
        : validate(value, given).map((one) => [one])
      if (checked.isOk()) return [...new Set(checked.value)].sort(ascending)
      for (const { field, message } of checked.error.issues) {
        const path = field === 'input' ? [] : [Number(field.slice(1, -1))]
        context.issues.push({ code: 'custom', input: given, message, path })
      }
      return z.NEVER
    }),
  )
}

function ascending(one: string | number, other: string | number): number {
  return one < other ? -1 : 1
}
