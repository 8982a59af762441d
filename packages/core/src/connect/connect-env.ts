import type { OptionRow, ReadVariable } from '../stores/option-table.ts'
import type { ConnectOptions } from './connect-options.ts'
import { type AnyKind, kindsByName } from './store-kinds.ts'

/**
 * Options of `connect` from the variables of an environment, handed in by the caller:
 * `HEADWATER_POSTGRES_URL`, `HEADWATER_POSTGRES_SCHEMA`, `HEADWATER_REDIS_URL`,
 * `HEADWATER_REDIS_PREFIX`, `HEADWATER_MONGODB_URL`, `HEADWATER_MONGODB_DATABASE` (else the one
 * that the URL names), `HEADWATER_PINECONE_API_KEY`, `HEADWATER_PINECONE_INDEX` and, for a control
 * plane that is not Pinecone's own, `HEADWATER_PINECONE_URL`. Passwords that the URLs do not have
 * are in `HEADWATER_POSTGRES_PASSWORD` and so on, TLS in `HEADWATER_POSTGRES_TLS_CA`, `…_TLS_CERT`,
 * `…_TLS_KEY` and `…_TLS_SERVERNAME`. In place of Redis' URL: `HEADWATER_REDIS_ROOT_NODES`
 * (URLs, separated by commas), or `HEADWATER_REDIS_SENTINELS` (`host:port`, separated by commas)
 * and `HEADWATER_REDIS_SENTINEL_NAME`, and where they are needed `HEADWATER_REDIS_USERNAME`,
 * `…_DATABASE`, `…_TLS=true`, `…_SENTINEL_USERNAME` and `…_SENTINEL_PASSWORD`. Behind a pooler:
 * `HEADWATER_POSTGRES_SERVER_STATEMENT_TIMEOUT=false`, `…_PREPARE=false`, `…_MAX_CONNECTIONS`.
 * `HEADWATER_POSTGRES_REPLICAS` has the URLs of replicas, separated by commas.
 * MongoDB and Pinecone are configured when their first variable is set. Reads nothing else and
 * checks nothing: `connect` does.
 *
 * @example
 * ```ts
 * const stores = orThrow(await connect(connectOptionsFromEnv(process.env)))
 * ```
 */
export function connectOptionsFromEnv(
  env: Readonly<Record<string, string | undefined>>,
): ConnectOptions {
  const read: ReadVariable = (name) => (env[name] === '' ? undefined : env[name])
  const stores = kindsByName.flatMap(([name, kind]) => {
    const options = optionsOf(kind, read)
    const isConfigured = kind.reachedBy.some((key) => options[key] !== undefined)
    return isConfigured || kind.isOptional !== true ? [[name, options]] : []
  })
  return Object.fromEntries(stores) as ConnectOptions
}

function optionsOf({ options }: AnyKind, read: ReadVariable): Record<string, unknown> {
  const found = Object.entries(options).flatMap(([name, row]) => {
    const value = valueOf(row, read)
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(found)
}

function valueOf(row: OptionRow<unknown>, read: ReadVariable): unknown {
  const { env, parse, fallback } = row
  const fields = typeof env === 'object' ? fieldsOf(env, read) : undefined
  if (fields !== undefined) return fields
  const variable = typeof env === 'string' ? env : row.variable
  const text = variable === undefined ? undefined : read(variable)
  if (text === undefined) return fallback?.(read)
  return parse === undefined ? text : parse(text)
}

function fieldsOf(
  variables: Readonly<Record<string, string>>,
  read: ReadVariable,
): Record<string, string> | undefined {
  const fields = Object.entries(variables).flatMap(([field, variable]) => {
    const value = read(variable)
    return value === undefined ? [] : [[field, value] as const]
  })
  return fields.length === 0 ? undefined : Object.fromEntries(fields)
}
