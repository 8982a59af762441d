import * as z from 'zod/mini'
import { closestName } from './closest-name.ts'
import { inEnglish, issuesOf, type Schema } from './input.ts'

/** Options that break a rule, thrown by what is constructed with them: a programmer's mistake. */
export class InvalidOptions extends TypeError {
  constructor(message: string) {
    super(message)
    this.name = 'InvalidOptions'
  }
}

/**
 * A rule for each option.
 *
 * @internal
 */
export type OptionRules<Options> = { readonly [Name in keyof Options]-?: z.ZodMiniType }

/**
 * Rules for an object of options that has no others: an unknown name is refused, and the message
 * names the known one that is closest.
 *
 * @internal
 */
export function strictOptions<Options>(rules: OptionRules<Options>): z.ZodMiniType {
  const unknown = z.undefined({
    error: ({ path }) => unknownOption(String(path?.at(-1)), Object.keys(rules)),
  })
  return z.catchall(z.object(rules as Record<string, z.ZodMiniType>), unknown)
}

const unknownPrefix = 'unknown:'

function unknownOption(name: string, known: readonly string[]): string {
  const closest = closestName(name, known)
  return closest === undefined
    ? `${unknownPrefix} the options are ${known.join(', ')}`
    : `${unknownPrefix} the closest option is ${closest}`
}

/**
 * Checks the options of something that is constructed, and returns them as they were given.
 *
 * @throws {@link InvalidOptions} that names the function, the option, the rule and, unless it may
 * be a secret, the value.
 */
export function checkOptions<Options extends object>(
  of: string,
  schema: Schema,
  options: Options,
): Options {
  const parsed = schema.safeParse(options, { error: inEnglish })
  if (parsed.success) return options
  const issues = issuesOf(parsed.error)
  // A misspelled name is why another one is missing.
  const issue = issues.find(({ message }) => message.startsWith(unknownPrefix)) ?? issues[0]
  const { field = 'options', message = 'break a rule' } = issue ?? {}
  throw invalidOption(of, field, message, valueAt(options, field))
}

/** Options that are secrets, or have fields that are. */
const secretNames: ReadonlySet<string> = new Set(['tls', 'apiKey', 'password', 'encryptedFields'])

/** The error for one option, for rules that no schema states. Shows no value of a secret. */
export function invalidOption(of: string, option: string, rule: string, value: unknown) {
  const isSecret = option.split(/[.[\]]/).some((name) => secretNames.has(name))
  // A name that is unknown may be a secret's, misspelled.
  const isHidden = isSecret || (typeof value === 'string' && rule.startsWith(unknownPrefix))
  const got = isHidden ? '' : `: got ${shown(value)}`
  return new InvalidOptions(`${of}: ${option}: ${rule}${got}`)
}

function valueAt(options: object, field: string): unknown {
  const steps = field.match(/[^.[\]]+/g) ?? []
  return steps.reduce<unknown>((value, key) => Reflect.get(Object(value) as object, key), options)
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100))
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  return Array.isArray(value) ? 'an array' : 'an object'
}

const milliseconds = () => z.number('expected milliseconds')
/** A moment that far away is still a date, in every store. */
const longestMs = 100 * 366 * 24 * 3_600_000
const tooLong = 'expected at most 100 years'
const longest32Ms = 2 ** 31 - 1
const tooLong32 = `expected at most ${longest32Ms} ms`

/**
 * Rules for numbers that many options share.
 *
 * @internal
 */
export const option = {
  /** A whole number of 1 or more. */
  count: () => z.int('expected a whole number').check(z.minimum(1, 'expected 1 or more')),
  /** A whole number of 0 or more. */
  countOrNone: () => z.int('expected a whole number').check(z.minimum(0, 'expected 0 or more')),
  /** Milliseconds, more than 0 and at most 100 years. */
  durationMs: () =>
    milliseconds().check(z.positive('expected more than 0 ms'), z.maximum(longestMs, tooLong)),
  /** Milliseconds, 0 or more and at most 100 years. */
  durationOrNoneMs: () =>
    milliseconds().check(z.minimum(0, 'expected 0 ms or more'), z.maximum(longestMs, tooLong)),
  /** Milliseconds for what holds them in 32 bits, as timers and clients do: at most 24 days. */
  timeoutMs: () =>
    milliseconds().check(z.positive('expected more than 0 ms'), z.maximum(longest32Ms, tooLong32)),
  /** Milliseconds in 32 bits, where 0 means no limit. */
  timeoutOrNoneMs: () =>
    milliseconds().check(z.minimum(0, 'expected 0 ms or more'), z.maximum(longest32Ms, tooLong32)),
  /** A text that is not empty. */
  text: () =>
    z.string('expected a text').check(z.minLength(1, 'expected a text that is not empty')),
  /** A function. */
  function: () => z.custom((value) => typeof value === 'function', 'expected a function'),
  /** An object that its user checks. */
  object: () =>
    z.custom((value) => typeof value === 'object' && value !== null, 'expected an object'),
  /** `true` or `false`. */
  flag: () => z.boolean('expected true or false'),
}
