import * as z from 'zod/mini'

/** One option of a store: its rule, its default, and the variable that may set it. */
export interface OptionRow<Value> {
  /**
   * The rule that a given value keeps.
   *
   * @internal
   */
  readonly rule: () => z.ZodMiniType<Value>
  /**
   * Reads what a given value names, once and before the rule is asked. What cannot be read stays as
   * it is.
   *
   * @internal
   */
  readonly read?: (given: unknown) => unknown
  /** The value when none is given. */
  readonly default?: Value
  /** Whether it must be given. */
  readonly isRequired?: boolean
  /**
   * The variable of the environment that holds the value; of a value with fields, the variable of
   * each.
   */
  readonly env?: string | Readonly<Record<string, string>>
  /** The variable that holds the whole value where those of its fields are not set. */
  readonly variable?: string
  /** Reads the value from the text of that variable; a text that it cannot read breaks the rule. */
  readonly parse?: (text: string) => unknown
  /** It is refused where none of these options is given. */
  readonly goesWith?: readonly string[]
  /** The option that cannot do without it. */
  readonly isNeededBy?: string
  /** Finds the value elsewhere in the environment when that variable is not set. */
  readonly fallback?: (read: ReadVariable) => string | undefined
}

/** Reads one variable of the environment; an empty one counts as unset. */
export type ReadVariable = (name: string) => string | undefined

/** The options of a store, each with its row. */
export type OptionTable<Options> = {
  readonly [Key in keyof Options]-?: OptionRow<NonNullable<Options[Key]>> & {
    readonly isRequired?: object extends Pick<Options, Key> ? false : true
  }
}

/** The defaults that a table states. */
export type DefaultsOf<Table> = {
  readonly [
    Key in keyof Table as Table[Key] extends { readonly default: unknown } ? Key : never
  ]: Table[Key] extends { readonly default: infer Value } ? Value : never
}

/** Options after the check: those with a default are always there. */
export type SettingsOf<Options, Table> = {
  readonly [
    Key in keyof Options as Key extends keyof DefaultsOf<Table> ? Key : never
  ]-?: NonNullable<Options[Key]>
} & {
  readonly [Key in keyof Options as Key extends keyof DefaultsOf<Table> ? never : Key]: Options[Key]
}

/** The defaults of a table as one object. */
export function defaultsOf<Table extends Readonly<Record<string, object>>>(
  table: Table,
): DefaultsOf<Table> {
  const rows = Object.entries(table).filter(([, row]) => 'default' in row)
  return Object.fromEntries(
    rows.map(([name, row]) => [name, (row as OptionRow<unknown>).default]),
  ) as DefaultsOf<Table>
}

/** A URL of one of these protocols, whose parts are percent-encoded where they must be. */
export function urlOf(expected: string, protocol: RegExp): z.ZodMiniType<string> {
  return z.string('expected a text').check(
    z.refine((value) => protocol.test(URL.parse(value)?.protocol ?? ''), `expected ${expected}`),
    z.refine(canDecode, 'expected a % in user, password and path to be written as %25'),
  )
}

function canDecode(value: string): boolean {
  const url = URL.parse(value)
  try {
    decodeURIComponent(`${url?.username}${url?.password}${url?.pathname}`)
    return true
  } catch {
    return false
  }
}

/** An object of another package, known by its methods. */
export function objectWith<T>(expected: string, ...methods: readonly string[]): z.ZodMiniType<T> {
  return z.custom<T>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((name) => typeof Reflect.get(value, name) === 'function'),
    `expected ${expected}`,
  )
}
