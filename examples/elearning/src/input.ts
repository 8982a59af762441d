import { orThrow, validate } from '@headwater/core'
import { z } from 'zod'

/** A whole number in a path or a query. The SDK checks its range. */
export const wholeNumber = z
  .string()
  .regex(/^\d{1,10}$/, 'must be a whole number')
  .transform(Number)

/** `true` or `false` in a query. */
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true')

/** One value in a query, or several of one name. */
export const oneOrMore = z.union([z.string(), z.array(z.string())])

/** The page of a list that a query asks for. */
export const page = { limit: wholeNumber.optional(), cursor: z.string().optional() }

/** An amount of money in a body. The SDK checks its form. */
export const amount = z.union([z.string(), z.number()])

/** The id in a path. */
export const idInPath = z.object({ id: wholeNumber })

/** A password that somebody enters. */
export const password = z.string().max(200)

/** A password that somebody chooses. */
export const newPassword = password.min(8)

/** Parses input. When it breaks the schema, the request ends with a 400 that names the fields. */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  return orThrow(validate(schema, input ?? {}, 'body'))
}
