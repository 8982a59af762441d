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

/**
 * Checks input against its schema before any store is touched; never throws. `whole` is the name of
 * the input in messages that concern all of it.
 */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  whole = 'input',
): Result<z.output<Schema>, InvalidInput> {
  try {
    const parsed = schema.safeParse(input, { error: plainMessage })
    return parsed.success ? ok(parsed.data) : err(invalidInput(issuesOf(parsed.error, whole)))
  } catch {
    // A getter or a proxy in the input may throw.
    return err(invalidField(whole, 'is not readable'))
  }
}

const nouns: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

/** The rule in plain words where a schema has none of its own: `is required`, `must be a text`. */
function plainMessage(issue: z.core.$ZodRawIssue): string | undefined {
  const isOfKind = ['invalid_type', 'invalid_union', 'invalid_value'].includes(issue.code ?? '')
  if (isOfKind && issue.input === undefined) return 'is required'
  const noun = issue.code === 'invalid_type' ? nouns[issue.expected] : undefined
  return noun && `must be ${noun}`
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
export function issuesOf(error: z.ZodError, whole = 'input'): InputIssue[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys')
      return [{ field: fieldOf(issue.path, whole), message: issue.message }]
    return issue.keys.map((key) => ({
      field: fieldOf([...issue.path, key], whole),
      message: 'is not a known field',
    }))
  })
}

function fieldOf(path: readonly PropertyKey[], whole: string): string {
  return path.length === 0 ? whole : z.core.toDotPath(path)
}
