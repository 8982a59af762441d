import { z } from 'zod'
import type { InvalidInput } from '../errors.ts'
import { err, ok, type Result } from '../result.ts'
import { type ConnectOptions, connectDefaults } from './connect-options.ts'
import type { ConnectSettings } from './settings.ts'

/**
 * A statement that came back late by this much was not ended by the server as it should have been.
 */
const serverGraceMs = 1_000

const whole = z.int('expected a whole number').min(1, 'expected 1 or more')
const durationMs = z.number('expected milliseconds').positive('expected more than 0 ms')
const flag = z.boolean('expected true or false')
const text = z.string('expected a text').min(1, 'expected a text that is not empty')

const postgres = z
  .strictObject({
    url: urlOf('a URL such as postgresql://user@host/database', /^postgres(ql)?:$/).optional(),
    pool: objectWith('a Pool of pg', 'connect', 'end').optional(),
    schema: text.max(63, 'expected at most 63 characters').optional(),
    maxConnections: whole.optional(),
    idleTimeoutMs: durationMs.optional(),
    connectTimeoutMs: durationMs.optional(),
    statementTimeoutMs: z
      .number('expected milliseconds')
      .min(0, 'expected 0 ms or more')
      .optional(),
    serverStatementTimeout: flag.optional(),
    prepare: flag.optional(),
    reservedConnections: whole.optional(),
  })
  .check(exactlyOne('url', 'pool'))

const redis = z
  .strictObject({
    url: urlOf('a URL such as redis://host:6379', /^rediss?:$/).optional(),
    rootNodes: z
      .array(urlOf('a URL such as redis://host:6379', /^rediss?:$/))
      .min(1, 'expected one node or more')
      .optional(),
    client: objectWith('a client of node-redis', 'sendCommand', 'on').optional(),
    keyPrefix: z
      .string('expected a text')
      .max(64, 'expected at most 64 characters')
      .regex(/^[^{}]*$/, 'expected no braces: they pin a cluster slot')
      .optional(),
    deadlineMs: durationMs.optional(),
    connectTimeoutMs: durationMs.optional(),
    required: flag.optional(),
  })
  .check(exactlyOne('url', 'rootNodes', 'client'))

const mongodb = z
  .strictObject({
    // Not parsed as a URL: several hosts with ports make none.
    url: z
      .string('expected a text')
      .regex(/^mongodb(\+srv)?:\/\/./, 'expected a URL such as mongodb://host:27017')
      .optional(),
    client: objectWith('a MongoClient', 'db', 'close').optional(),
    database: text
      .max(63, 'expected at most 63 characters')
      .regex(/^[^/\\. "$*<>:|?]+$/, 'expected a database name'),
    deadlineMs: durationMs.optional(),
    maxConnections: whole.optional(),
    required: flag.optional(),
  })
  .check(exactlyOne('url', 'client'))

const pinecone = z
  .strictObject({
    apiKey: text.optional(),
    client: objectWith('a Pinecone client', 'index').optional(),
    index: text,
    host: text.optional(),
    controllerHostUrl: urlOf('a URL such as https://api.pinecone.io', /^https?:$/).optional(),
    deadlineMs: durationMs.optional(),
    required: flag.optional(),
  })
  .check(exactlyOne('apiKey', 'client'))

const options = z.strictObject({
  postgres,
  redis,
  mongodb: mongodb.optional(),
  pinecone: pinecone.optional(),
  holdMs: durationMs.optional(),
  lookEveryMs: durationMs.optional(),
  invalidation: z.enum(['fast', 'durable'], "expected 'fast' or 'durable'").optional(),
  connectDeadlineMs: durationMs.optional(),
  clock: objectWith('a Clock', 'now', 'monotonic').optional(),
  diagnostics: objectWith('a Diagnostics', 'on', 'emit').optional(),
})

/**
 * Checks the options of `connect` and fills in the defaults. The failure names the field and the
 * rule; it never holds a value, since values hold credentials.
 */
export function parseConnectOptions(input: ConnectOptions): Result<ConnectSettings, InvalidInput> {
  const parsed = options.safeParse(input)
  return parsed.success ? ok(withDefaults(input)) : err(invalidOptions(parsed.error))
}

/** Options given as `undefined` count as left out. */
function filled<Defaults extends object, Given extends object>(
  defaults: Defaults,
  given: Given,
): Defaults & Given {
  return {
    ...defaults,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  } as Defaults & Given
}

function withDefaults(given: ConnectOptions): ConnectSettings {
  const settings = filled(connectDefaults.postgres, given.postgres)
  const limitMs: number = settings.statementTimeoutMs
  const statementDeadlineMs = limitMs === 0 ? Infinity : limitMs + serverGraceMs
  return {
    postgres: { ...settings, statementDeadlineMs },
    redis: filled(connectDefaults.redis, given.redis),
    mongodb: given.mongodb && filled(connectDefaults.mongodb, given.mongodb),
    pinecone: given.pinecone && filled(connectDefaults.pinecone, given.pinecone),
    connectDeadlineMs: given.connectDeadlineMs ?? connectDefaults.connectDeadlineMs,
  }
}

function invalidOptions(error: z.ZodError): InvalidInput {
  const issues = error.issues.map((issue) => ({ field: fieldOf(issue), message: issue.message }))
  const [first] = issues
  const message = `the options of connect break a rule: ${issues.map((issue) => `${issue.field}: ${issue.message}`).join('; ')}`
  return { type: 'invalid-input', field: first?.field ?? '', issues, message, retryable: false }
}

function fieldOf(issue: z.core.$ZodIssue): string {
  const path =
    issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path
  return z.core.toDotPath(path)
}

function urlOf(expected: string, protocol: RegExp): z.ZodType<string> {
  return z
    .string('expected a text')
    .refine((value) => protocol.test(URL.parse(value)?.protocol ?? ''), `expected ${expected}`)
}

function objectWith(expected: string, ...methods: readonly string[]): z.ZodType {
  return z.custom(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((name) => typeof Reflect.get(value, name) === 'function'),
    `expected ${expected}`,
  )
}

function exactlyOne<Key extends string>(
  ...keys: readonly Key[]
): z.core.CheckFn<Partial<Record<Key, unknown>>> {
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
