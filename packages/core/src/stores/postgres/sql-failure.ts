import type {
  ConstraintViolated,
  DeadlineExceeded,
  SerializationFailed,
  SqlError,
  StoreRefused,
  StoreUnavailable,
} from '../../errors.ts'
import { errorSummary } from '../../failure/error-summary.ts'
import { unreachableReason } from '../../resilience/unreachable.ts'
import { withCause } from '../../failure/with-cause.ts'
import { UnreadableValue } from './row-types.ts'
import { isServerError, type ServerError, withoutRow } from './server-error.ts'

/** A statement as its failure names it. */
export interface AskedStatement {
  /** Short name of the statement, for instance `update courses`. */
  readonly operation: string
  /** The deadline that was in force, in milliseconds. */
  readonly deadlineMs: number
}

const constraintKinds: Readonly<Record<string, ConstraintViolated['kind']>> = {
  23502: 'not-null',
  23503: 'foreign-key',
  23505: 'unique',
  23514: 'check',
  '23P01': 'exclusion',
}

const poolerHint = 'behind a pooler without support for them connect with `prepare: false`'

const refusals: Readonly<Record<string, string>> = {
  '28P01': 'the password was not accepted',
  '28000': 'the role may not connect',
  '3D000': 'there is no such database',
  '3F000': 'the schema does not exist: run the migrations',
  '42P01': 'a table is missing: the migrations have not run',
  '42501': 'the role lacks a permission',
  26000: `a prepared statement is unknown to the server: ${poolerHint}`,
  '42P05': `a prepared statement exists already: ${poolerHint}`,
}

/** What a server says at the end of its refusal of a connection. */
const missing: readonly (readonly [words: RegExp, reason: string])[] = [
  [
    /no encryption$|SSL off$/,
    'it lets this connection in over TLS only, or not at all: set `tls`, or `sslmode=verify-full`',
  ],
  [/valid client certificate$/, 'it wants a certificate of this client: set `tls.cert`'],
]

/** What a pooler says that takes only start-up parameters it knows. */
const unknownParameter = /^unsupported startup parameter: (\S+)/

/** The meaning of a rejection of `pg` or Node. */
export function sqlFailure(error: unknown, asked: AskedStatement): SqlError {
  return isServerError(error)
    ? serverFailure(withoutRow(error), asked)
    : clientFailure(error, asked)
}

/**
 * Whether an error leaves the connection itself in doubt: everything but a statement that the
 * server refused with the connection intact.
 */
export function breaksConnection(error: unknown): boolean {
  if (error instanceof UnreadableValue || error instanceof SyntaxError) return false
  if (!isServerError(error)) return true
  return (
    /^(08|28|57P|58|F0|XX|25P03|25P04|53300|3D000)/.test(error.code) ||
    isFatal(error) ||
    isStalePlan(error)
  )
}

/** The failure of a call whose time was up before the server answered. */
export function deadlineFailure(
  { operation, deadlineMs }: AskedStatement,
  cause?: unknown,
): DeadlineExceeded {
  const message = `PostgreSQL did not answer \`${operation}\` within ${Math.round(deadlineMs)} ms`
  const failure: DeadlineExceeded = {
    type: 'deadline-exceeded',
    store: 'postgres',
    operation,
    deadlineMs,
    message,
    retryable: true,
  }
  return withCause(failure, cause)
}

/** The failure of a call that never reached a server. */
export function unavailableFailure(
  operation: string,
  reason: string,
  cause?: unknown,
): StoreUnavailable {
  const message = `PostgreSQL is not available for \`${operation}\`: ${reason}`
  const failure: StoreUnavailable = {
    type: 'store-unavailable',
    store: 'postgres',
    operation,
    message,
    retryable: true,
  }
  return withCause(failure, cause)
}

function serverFailure(error: ServerError, asked: AskedStatement): SqlError {
  const { code } = error
  const kind = constraintKinds[code]
  if (kind !== undefined) return constraintFailure(error, kind)
  if (code === '40001' || code === '40P01') {
    const message =
      code === '40001'
        ? 'another transaction changed what this one read'
        : 'two transactions waited for each other'
    const failure: SerializationFailed = {
      type: 'serialization-failed',
      store: 'postgres',
      code,
      message,
      retryable: true,
    }
    return withCause(failure, error)
  }
  if (/^(57014|55P03|25P03|25P04)$/.test(code)) return deadlineFailure(asked, error)
  if (isStalePlan(error))
    return unavailableFailure(
      asked.operation,
      'the table changed under a prepared statement',
      error,
    )
  const isAway = /^(08|57P|53|58|F0|XX000)/.test(code) || isConnectionEnded(error)
  if (isAway && refusedParameter(error) === undefined)
    return unavailableFailure(asked.operation, reasonWithCode(error), error)
  return refusal(error, asked)
}

function reasonWithCode({ message, code }: ServerError): string {
  return message.endsWith(code) ? message : `${message} (${code})`
}

function constraintFailure(
  error: ServerError,
  kind: ConstraintViolated['kind'],
): ConstraintViolated {
  const constraint = (kind === 'not-null' ? error.column : error.constraint) ?? ''
  const message = `${kind} constraint ${JSON.stringify(constraint)} refused the statement`
  const failure: ConstraintViolated = {
    type: 'constraint-violated',
    store: 'postgres',
    kind,
    constraint,
    message,
    retryable: false,
    ...(error.table === undefined ? {} : { table: error.table }),
  }
  return withCause(failure, error)
}

function refusal(error: ServerError, { operation }: AskedStatement): StoreRefused {
  const reason =
    refusedParameter(error) ?? lackOf(error) ?? refusals[error.code] ?? `SQLSTATE ${error.code}`
  const message = `PostgreSQL refused \`${operation}\`: ${reason}`
  const failure: StoreRefused = {
    type: 'store-refused',
    store: 'postgres',
    operation,
    code: error.code,
    message,
    retryable: false,
  }
  return withCause(failure, error)
}

function lackOf({ code, message }: ServerError): string | undefined {
  return code === '28000' ? missing.find(([words]) => words.test(message))?.[1] : undefined
}

function refusedParameter({ code, message }: ServerError): string | undefined {
  const name = code === '08P01' ? unknownParameter.exec(message)?.[1] : undefined
  if (name === undefined) return undefined
  const instead =
    name === 'statement_timeout' ? 'set `serverStatementTimeout: false`' : 'leave it out'
  return `a pooler does not take the start-up parameter ${name}: let it ignore it, or ${instead}`
}

function refused(operation: string, message: string, cause: unknown): StoreRefused {
  const failure: StoreRefused = {
    type: 'store-refused',
    store: 'postgres',
    operation,
    message,
    retryable: false,
  }
  return withCause(failure, cause)
}

/** `JSON.parse` and `BigInt`, of which parsers are made, quote what they cannot read. */
function unreadable(operation: string, error: SyntaxError): StoreRefused {
  const words = `a value of \`${operation}\` cannot be read by its parser`
  return refused(operation, words, errorSummary(error, words))
}

function isFatal({ severity }: ServerError): boolean {
  return severity === 'FATAL' || severity === 'PANIC'
}

/**
 * Whether the error came with the end of the connection, as poolers report a lost server, and not
 * as the answer to how it was to begin.
 */
function isConnectionEnded(error: ServerError): boolean {
  return isFatal(error) && !/^(0A|22|28|3D|3F|42)/.test(error.code)
}

function isStalePlan(error: ServerError): boolean {
  return error.code === '0A000' && error.message.includes('cached plan must not change result type')
}

function clientFailure(error: unknown, asked: AskedStatement): SqlError {
  const message = error instanceof Error ? error.message : String(error)
  if (message === 'Query read timeout') return deadlineFailure(asked, error)
  if (/^timeout (exceeded when trying to connect|expired)/.test(message))
    return unavailableFailure(asked.operation, noConnection, error)
  if (message.startsWith('Cannot use a pool after calling end'))
    return unavailableFailure(asked.operation, 'the pool is closed', error)
  if (error instanceof UnreadableValue) return refused(asked.operation, error.message, error)
  if (error instanceof TypeError || error instanceof RangeError)
    return refused(asked.operation, `a parameter of \`${asked.operation}\` cannot be sent`, error)
  if (error instanceof SyntaxError) return unreadable(asked.operation, error)
  return unavailableFailure(asked.operation, reasonOf(error), error)
}

const noConnection =
  'no connection could be made or became free in time: the server is silent, or all are in use'

/** Words of `pg` about TLS, which have no code. */
const clientWords: Readonly<Record<string, string>> = {
  'The server does not support SSL connections':
    'it does not support SSL: switch `ssl` on there, or connect without TLS',
  'There was an error establishing an SSL connection':
    'it does not answer as PostgreSQL does when asked for TLS: check host and port',
}

function reasonOf(error: unknown): string {
  const unreachable = unreachableReason(error)
  if (unreachable !== undefined) return unreachable
  if (!(error instanceof Error)) return String(error)
  const meaning = clientWords[error.message]
  if (meaning !== undefined) return meaning
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
