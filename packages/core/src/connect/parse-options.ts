import * as z from 'zod/mini'
import { option, strictOptions } from '../check-options.ts'
import type { InputIssue, InvalidInput } from '../errors.ts'
import { inEnglish, invalidInput, issuesOf } from '../input.ts'
import { invalidationRules } from '../invalidation/invalidation.ts'
import { nearRules } from '../near/near-options.ts'
import { once } from '../once.ts'
import { err, ok, type Result } from '../result.ts'
import { defaultsOf, objectWith } from '../stores/option-table.ts'
import { publicSchema } from '../stores/postgres/postgres-options.ts'
import { connectDefaults, type ConnectOptions } from './connect-options.ts'
import { type AnyKind, type ConnectedName, kindsByName } from './store-kinds.ts'

/** Options of `connect` after the check, with every default filled in. */
export interface ConnectSettings {
  /** Settings of the configured stores, by name. */
  readonly stores: ReadonlyMap<string, object>
  /** Time for the required stores, in milliseconds. */
  readonly connectDeadlineMs: number
}

const rules = once(() =>
  strictOptions<ConnectOptions>({
    ...storeRules(),
    invalidation: z.optional(invalidationRules()),
    near: z.optional(nearRules()),
    connectDeadlineMs: z.optional(option.durationMs()),
    clock: z.optional(objectWith('a Clock', 'now', 'monotonic')),
    diagnostics: z.optional(objectWith('a Diagnostics', 'on', 'emit')),
  }),
)

/**
 * Checks the options of `connect` and fills in the defaults. The failure names the field and the
 * rule; it never holds a value, since values hold credentials.
 */
export function parseConnectOptions(
  options: ConnectOptions,
): Result<ConnectSettings, InvalidInput> {
  const input = withFilesRead(options)
  const parsed = rules().safeParse(input, { error: inEnglish })
  if (!parsed.success)
    return err(invalidConnectOptions(issuesOf(parsed.error, 'options').map(withVariable)))
  const given = new Map(Object.entries(input as unknown as Record<string, object | undefined>))
  const stores = kindsByName.flatMap(([name, kind]) => {
    const chosen = given.get(name)
    return chosen === undefined ? [] : [[name, filled(kind.options, chosen)] as const]
  })
  return ok({
    stores: withOwnKeys(new Map(stores), input),
    connectDeadlineMs: input.connectDeadlineMs ?? connectDefaults.connectDeadlineMs,
  })
}

type Fields = Readonly<Record<string, unknown>> | null | undefined

/** What the options of stores name is read once, so that it is what was checked. */
function withFilesRead(input: ConnectOptions): ConnectOptions {
  const stores = kindsByName.flatMap(([name, kind]) => {
    const given = (Object(input) as Readonly<Record<string, Fields>>)[name]
    const found = Object.entries(kind.options).flatMap(([key, { read }]) => {
      const value = given?.[key]
      return read === undefined || value === undefined ? [] : [[key, read(value)] as const]
    })
    if (found.length === 0) return []
    return [[name, { ...given, ...Object.fromEntries(found) }] as const]
  })
  return stores.length === 0 ? input : { ...input, ...Object.fromEntries(stores) }
}

/** Two schemas on one Redis must not share rows: the name of a schema is the default prefix. */
function withOwnKeys(
  stores: ReadonlyMap<string, object>,
  { postgres: { schema }, redis: { keyPrefix } }: ConnectOptions,
): ReadonlyMap<string, object> {
  if (keyPrefix !== undefined || schema === undefined || schema === publicSchema) return stores
  const ownKeys = { keyPrefix: `${encodeURIComponent(schema)}:` }
  return new Map(stores).set('redis', { ...stores.get('redis'), ...ownKeys })
}

/** The failure of options that break these rules; the message names each. */
export function invalidConnectOptions(issues: InvalidInput['issues']): InvalidInput {
  const rules = issues.map(({ field, message }) => `${field}: ${message}`)
  return { ...invalidInput(issues), message: `connect: ${rules.join('; ')}` }
}

/** Says which variable sets the option, since that is where a mistake is mended. */
function withVariable({ field, message }: InputIssue): InputIssue {
  const [store, name = '', part = ''] = field.split('.')
  const row = kindsByName.find(([known]) => known === store)?.[1].options[name]
  const variable = typeof row?.env === 'string' ? row.env : (row?.env?.[part] ?? row?.variable)
  return { field, message: variable === undefined ? message : `${message} (variable ${variable})` }
}

function storeRules(): Record<ConnectedName, z.ZodMiniType> {
  const rules = kindsByName.map(([name, kind]) => [name, ruleOf(kind)])
  return Object.fromEntries(rules) as Record<ConnectedName, z.ZodMiniType>
}

function ruleOf(kind: AnyKind): z.ZodMiniType {
  const rules = Object.entries(kind.options).map(([name, { rule, isRequired }]) => [
    name,
    isRequired === true ? rule() : z.optional(rule()),
  ])
  const rule = strictOptions<AnyKind['options']>(
    Object.fromEntries(rules) as Record<string, z.ZodMiniType>,
  ).check(togetherAsIn(kind) as z.core.CheckFn<unknown>)
  return kind.isOptional === true ? z.optional(rule) : rule
}

/** Options given as `undefined` count as left out. */
function filled(table: AnyKind['options'], given: object): object {
  const chosen = Object.entries(given).filter(([, value]) => value !== undefined)
  return { ...defaultsOf(table), ...Object.fromEntries(chosen) }
}

/** One check for both: where one finds an issue, the next one is not made. */
function togetherAsIn({ reachedBy, options }: AnyKind): Together {
  const checks = [exactlyOne(reachedBy), inCompany(options)]
  return (payload) => {
    for (const check of checks) check(payload)
  }
}

type Together = (payload: z.core.ParsePayload<Readonly<Record<string, unknown>>>) => void

function exactlyOne(keys: readonly string[]): Together {
  return ({ value, issues }) => {
    const given = keys.filter((key) => value[key] !== undefined)
    if (given.length === 1) return
    const message =
      given.length === 0
        ? `expected one of ${keys.join(', ')}`
        : `expected only one of ${given.join(', ')}`
    issues.push({ code: 'custom', input: undefined, path: [given[1] ?? keys[0] ?? ''], message })
  }
}

/** An option that would change nothing is a mistake, and may leave open what was to be closed. */
function inCompany(table: AnyKind['options']): Together {
  return ({ value, issues }) => {
    const isGiven = (name: string): boolean => value[name] !== undefined
    for (const [name, { goesWith = [], isNeededBy }] of Object.entries(table)) {
      const isIdle = isGiven(name) && goesWith.length > 0 && !goesWith.some(isGiven)
      const isMissing = !isGiven(name) && isNeededBy !== undefined && isGiven(isNeededBy)
      if (!isIdle && !isMissing) continue
      const message = isMissing
        ? `expected beside ${isNeededBy}`
        : `expected only beside ${goesWith.join(' or ')}`
      issues.push({ code: 'custom', input: undefined, path: [name], message })
    }
  }
}
