import { en } from 'zod/locales'
import * as z from 'zod/mini'
import { toDotPath } from 'zod/v4/core'
import type { InputIssue, InvalidInput } from './errors.ts'
import { once } from './once.ts'
import { err, ok, type Result } from './result.ts'
import { maxRowId } from './row-id.ts'

/** A schema: one of zod, in whichever copy, or an object that answers as it does. */
export interface Schema<Output = unknown> {
  /** Checks a value and returns what it became, or every rule it breaks. */
  safeParse(input: unknown, options?: object): SchemaAnswer<Output>
}

/** The answer of a {@link Schema}. */
export type SchemaAnswer<Output> =
  | { readonly success: true; readonly data: Output }
  | { readonly success: false; readonly error: SchemaError }

/** The rules that a value breaks. */
export interface SchemaError {
  /** Each of them. */
  readonly issues: readonly SchemaIssue[]
}

/** A rule that a value breaks, and where. */
export interface SchemaIssue {
  /** The kind of rule, as zod names it. */
  readonly code: string
  /** The rule in words. */
  readonly message: string
  /** Where the value stands in the input. */
  readonly path: readonly PropertyKey[]
  /** Names of unknown fields, where that is the rule. */
  readonly keys?: readonly string[]
}

/**
 * The id of a row.
 *
 * @internal
 */
export const rowId = once(() => z.int().check(z.minimum(1), z.maximum(maxRowId)))

/**
 * A text that every store takes: not blank, no NUL, no lone surrogate, at most `maxLength` UTF-16
 * units.
 *
 * @internal
 */
export function storableText(maxLength: number) {
  return z
    .string()
    .check(
      z.maxLength(maxLength),
      z.regex(/\S/, 'must not be blank'),
      z.refine(isStorable, 'must contain neither NUL nor lone surrogates'),
    )
}

/** Whether PostgreSQL and MongoDB can store a text: it holds neither NUL nor lone surrogates. */
export function isStorable(value: string): boolean {
  return !value.includes('\0') && value.isWellFormed()
}

/**
 * Checks input against its schema before any store is touched; never throws. `whole` is the name of
 * the input in messages that concern all of it.
 */
export function validate<Output>(
  schema: Schema<Output>,
  input: unknown,
  whole = 'input',
): Result<Output, InvalidInput> {
  try {
    const parsed = schema.safeParse(input, { error: plainMessage })
    return parsed.success ? ok(parsed.data) : err(invalidInput(issuesOf(parsed.error, whole)))
  } catch {
    // A getter or a proxy in the input may throw.
    return err(invalidField(whole, 'is not readable'))
  }
}

const english = once(() => en().localeError)

/**
 * A rule without a message of its own in English, unless the host has chosen a language. Said with
 * each check: the settings of zod are those of the whole process.
 */
export function inEnglish(issue: z.core.$ZodRawIssue): ReturnType<z.core.$ZodErrorMap> {
  return z.config().localeError === undefined ? english()(issue) : undefined
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
function plainMessage(issue: z.core.$ZodRawIssue): ReturnType<z.core.$ZodErrorMap> {
  const isOfKind = ['invalid_type', 'invalid_union', 'invalid_value'].includes(issue.code ?? '')
  if (isOfKind && issue.input === undefined) return 'is required'
  if (issue.code === 'invalid_type' && nouns[issue.expected] !== undefined)
    return `must be ${nouns[issue.expected]}`
  if (issue.code === 'invalid_format' && issue.format === 'email')
    return 'must be an e-mail address'
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`
  if (issue.code === 'too_small')
    return boundMessage(issue, issue.minimum, ['at least', 'more than'])
  if (issue.code === 'too_big') return boundMessage(issue, issue.maximum, ['at most', 'less than'])
  return inEnglish(issue)
}

const countedIn: Readonly<Record<string, string>> = { string: 'character', array: 'item' }

function boundMessage(
  { origin, inclusive = true }: { readonly origin: string; readonly inclusive?: boolean },
  bound: number | bigint,
  [reached, passed]: readonly [reached: string, passed: string],
): string {
  const counted = countedIn[origin]
  const span = `${inclusive ? reached : passed} ${bound}`
  if (counted === undefined) return `must be ${span}`
  return `must have ${span} ${counted}${Number(bound) === 1 ? '' : 's'}`
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
export function issuesOf(error: SchemaError, whole = 'input'): InputIssue[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys')
      return [{ field: fieldOf(issue.path, whole), message: issue.message }]
    return (issue.keys ?? []).map((key) => ({
      field: fieldOf([...issue.path, key], whole),
      message: 'is not a known field',
    }))
  })
}

function fieldOf(path: readonly PropertyKey[], whole: string): string {
  return path.length === 0 ? whole : toDotPath([...path])
}
