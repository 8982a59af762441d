import type { Diagnostic, DiagnosticName, Diagnostics } from '../diagnostics.ts'

/** How much a diagnostic matters, the least first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/**
 * A logger that takes fields and a message: pino, Fastify's `log`, the console (which prints the
 * message last).
 */
export type DiagnosticsLogger = Readonly<
  Record<LogLevel, (fields: object, message: string) => void>
>

/** Options of {@link logDiagnostics}. */
export interface LogDiagnosticsOptions {
  /**
   * The least level to log. `debug` makes hot paths report every hit and every operation.
   *
   * @defaultValue `'info'`
   */
  readonly level?: LogLevel
}

/** Defaults of {@link LogDiagnosticsOptions}. */
export const logDiagnosticsDefaults = {
  level: 'info',
} as const satisfies Required<LogDiagnosticsOptions>

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

const levels: Readonly<Record<DiagnosticName, LogLevel>> = {
  'store:operation': 'debug',
  'store:error': 'warn',
  'breaker:transition': 'warn',
  'replica:state': 'warn',
  'replica:error': 'warn',
  'replica:read': 'debug',
  'replica:passed-over': 'debug',
  'cache:hit': 'debug',
  'cache:miss': 'debug',
  'cache:fill': 'debug',
  'cache:fill-rejected': 'debug',
  'cache:load': 'debug',
  'cache:wait': 'debug',
  'cache:stale-served': 'warn',
  'cache:entry-rejected': 'warn',
  'cache:name-taken': 'warn',
  'cache:bypass': 'warn',
  'invalidation:hold': 'debug',
  'invalidation:hold-lost': 'warn',
  'invalidation:release': 'debug',
  'invalidation:intent': 'warn',
  'invalidation:gate': 'info',
  'invalidation:flush': 'info',
  'invalidation:failed': 'error',
  'near:hit': 'debug',
  'near:drop': 'debug',
  'near:fill-refused': 'debug',
  'near:join': 'info',
  'near:leave': 'info',
  'near:wait': 'debug',
  'near:audit': 'warn',
  'near:removed': 'warn',
  'transaction:end': 'debug',
  'transaction:lost': 'error',
  'outbox:published': 'debug',
  'outbox:delivered': 'debug',
  'outbox:failed': 'warn',
  'outbox:parked': 'warn',
  'outbox:dead': 'error',
  'outbox:behind': 'debug',
  'consume:failed': 'warn',
  'consume:dead': 'error',
  'consume:error': 'error',
  'relay:not-started': 'warn',
  'relay:error': 'error',
  'activity:flush': 'debug',
  'activity:dropped': 'error',
  'search:answered': 'debug',
  'search:leg': 'debug',
  'search:degraded': 'warn',
  'search:embedded': 'debug',
  'search:verified': 'info',
  'session:started': 'debug',
  'session:revoked': 'debug',
  'session:reapplied': 'info',
  'session:revocation-failed': 'error',
  'migration:step': 'info',
  'rate-limit:taken': 'debug',
  'rate-limit:fallback': 'warn',
  'diagnostics:listener-failed': 'error',
}

/** Why a read passes the cache by though every store is well. */
const ordinaryBypasses: readonly string[] = ['held', 'tag-held', 'nested', 'refresh', 'waited']

function levelOf({ name, event }: Diagnostic): LogLevel {
  const isOrdinary =
    (name === 'cache:bypass' && ordinaryBypasses.includes(event.reason)) ||
    (name === 'near:audit' && !event.isStale) ||
    (name === 'replica:state' && event.state === 'usable')
  return isOrdinary ? 'debug' : levels[name]
}

/**
 * Writes what the SDK reports of itself to a logger: the name as the message, the rest as fields.
 * The returned function ends that.
 *
 * @example
 * ```ts
 * const stop = logDiagnostics(stores.diagnostics, fastify.log, { level: 'warn' })
 * ```
 */
export function logDiagnostics(
  diagnostics: Diagnostics,
  logger: DiagnosticsLogger,
  options: LogDiagnosticsOptions = {},
): () => void {
  const { level: least } = { ...logDiagnosticsDefaults, ...options }
  const isLogged = (level: LogLevel) => order.indexOf(level) >= order.indexOf(least)
  const names = (Object.keys(levels) as DiagnosticName[]).filter((name) => isLogged(levels[name]))
  const stops = names.map((name) =>
    diagnostics.on(name, (event) => {
      const level = levelOf({ name, event } as Diagnostic)
      if (isLogged(level)) logger[level](event, name)
    }),
  )
  return () => {
    for (const stop of stops) stop()
  }
}
