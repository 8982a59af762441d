import { z } from 'zod'
import type { InputIssue, InvalidInput } from './errors.ts'
import { err, ok, type Result } from './result.ts'
import { maxRowId } from './row-id.ts'

/** The id of a row. */
export const rowId = z.int().min(1).max(maxRowId)

/**
 * A text that every store takes: not blank, no NUL, no lone surrogate, at most `maxLength` UTF-16
 * units.
 */
export function storableText(maxLength: number) {
  return z
    .string()
    .max(maxLength)
    .regex(/\S/, 'must not be blank')
    .refine(isStorable, 'must contain neither NUL nor lone surrogates')
}

/** Whether PostgreSQL and MongoDB can store a text: it holds neither NUL nor lone surrogates. */
export function isStorable(value: string): boolean {
  return !value.includes('\0') && value.isWellFormed()
}

/** Checks input against its schema before any store is touched; never throws. */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): Result<z.output<Schema>, InvalidInput> {
  try {
    const parsed = schema.safeParse(input)
    return parsed.success ? ok(parsed.data) : err(invalidInput(issuesOf(parsed.error)))
  } catch {
    // A getter or a proxy in the input may throw.
    return err(invalidField('input', 'is not readable'))
  }
}

/** The failure of input that breaks these rules; its message names the first. */
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

/** The failure of input with one wrong field. */
export function invalidField(field: string, message: string): InvalidInput {
  return invalidInput([{ field, message }])
}

/** The broken rules of an input, a field each. */
export function issuesOf(error: z.ZodError): InputIssue[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys')
      return [{ field: fieldOf(issue.path), message: issue.message }]
    return issue.keys.map((key) => ({
      field: fieldOf([...issue.path, key]),
      message: 'is not a known field',
    }))
  })
}

function fieldOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'input' : z.core.toDotPath(path)
}
