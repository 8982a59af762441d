import { err, ok } from '@headwater/core'
import type { InputIssue, InvalidInput, Result } from '@headwater/core'
import { z } from 'zod'
import { formatMoney, parseMoney } from './money.ts'

/** The largest id that PostgreSQL's `integer` holds. */
export const maxId = 2_147_483_647

/** An id of a row. */
export const rowId = z.int().min(1).max(maxId)

/**
 * Whom an event speaks of: the id of a user, or the negative number that stands for one who was
 * deleted.
 */
export const subjectId = z
  .int()
  .max(maxId)
  .refine((id) => id !== 0)

/** Whether a value is an id of a row: {@link rowId} by hand, for hot paths. */
export function isRowId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= maxId
}

/** One id, under the name `id`. */
export const idInput = z.strictObject({ id: rowId })

/** A batch of ids, under the name `ids`. */
export const idsInput = z.strictObject({ ids: z.array(rowId).max(10_000) })

/**
 * A text that every store takes: not blank, no NUL, no lone surrogate, at most `maxLength` UTF-16
 * units.
 */
export function text(maxLength: number) {
  return z
    .string()
    .max(maxLength)
    .regex(/\S/, 'must not be blank')
    .refine(isStorable, 'must contain neither NUL nor lone surrogates')
}

/** Whether a value is such a text: {@link text} by hand, for hot paths. */
export function isText(value: unknown, maxLength: number): value is string {
  return (
    typeof value === 'string' && value.length <= maxLength && !isBlank(value) && isStorable(value)
  )
}

/** Whether PostgreSQL and MongoDB can store a text: it holds neither NUL nor lone surrogates. */
export function isStorable(value: string): boolean {
  return !value.includes('\0') && value.isWellFormed()
}

/** An e-mail address. */
export const email = z.email().max(254)

/** The version that a row must still have. */
export const expectedVersion = z.int().min(1).optional()

/** An amount of money, brought to two decimals. */
export const money = z.union([z.string(), z.number()]).transform((input, context) => {
  const minor = parseMoney(input)
  if (minor !== undefined) return formatMoney(minor)
  context.addIssue({
    code: 'custom',
    message: 'must be an amount from 0 to 99999999.99 with at most two decimals',
  })
  return z.NEVER
})

/** How many rows a page has. */
export const pageLimit = z.int().min(1).max(200).default(20)

/** Checks input against its schema before any store is touched; never throws. */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): Result<z.output<Schema>, InvalidInput> {
  try {
    const parsed = schema.safeParse(input)
    return parsed.success
      ? ok(parsed.data)
      : err(invalidInput(parsed.error.issues.flatMap(inputIssues)))
  } catch {
    // A getter or a proxy in the input may throw.
    return err(invalidInput([{ field: 'input', message: 'is not readable' }]))
  }
}

/** The failure of input that breaks these rules. */
export function invalidInput(issues: readonly InputIssue[]): InvalidInput {
  const first = issues[0] ?? { field: 'input', message: 'breaks a rule' }
  return {
    type: 'invalid-input',
    message: `${first.field}: ${first.message}`,
    retryable: false,
    field: first.field,
    issues,
  }
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
  return path.length === 0 ? 'input' : z.core.toDotPath(path)
}

function isBlank(value: string): boolean {
  const first = value.charCodeAt(0)
  // Most texts begin with a visible character of ASCII.
  return !(first > 32 && first < 127) && !/\S/.test(value)
}
