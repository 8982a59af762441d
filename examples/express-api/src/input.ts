import { z } from 'zod'
import { invalidInput } from '@headwater/core'
import type { InputIssue } from '@headwater/core'
import { RequestFailed } from './failure.ts'

/** A whole number in a path or a query. The SDK checks its range. */
export const wholeNumber = z
  .string()
  .regex(/^\d{1,10}$/, 'must be a whole number')
  .transform(Number)

/** `true` or `false` in a query. */
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true')

/** The page of a list that a query asks for. */
export const page = { limit: wholeNumber.optional(), cursor: z.string().optional() }

/** An amount of money in a body. The SDK checks its form. */
export const amount = z.union([z.string(), z.number()])

/** The id in a path. */
export function idOf(params: unknown): number {
  return parse(z.object({ id: wholeNumber }), params).id
}

/** Parses input. When it breaks the schema, the request ends with a 400 that names the fields. */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input ?? {})
  if (parsed.success) return parsed.data
  throw new RequestFailed(invalidInput(parsed.error.issues.flatMap(inputIssues)))
}

function inputIssues(issue: z.core.$ZodIssue): InputIssue[] {
  if (issue.code !== 'unrecognized_keys')
    return [{ field: fieldOf(issue.path), message: issue.message }]
  return issue.keys.map((key) => ({
    field: fieldOf([...issue.path, key]),
    message: 'is not a known field',
  }))
}

function fieldOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'body' : z.core.toDotPath(path)
}
