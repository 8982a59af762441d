import type { OptionRow, ReadVariable } from '../stores/option-table.ts'
import type { ConnectOptions } from './connect-options.ts'
import { type AnyKind, kindsByName } from './store-kinds.ts'

/**
 * Options of `connect` from the variables of an environment, handed in by the caller:
 * `HEADWATER_POSTGRES_URL`, `HEADWATER_POSTGRES_SCHEMA`, `HEADWATER_REDIS_URL`,
 * `HEADWATER_REDIS_PREFIX`, `HEADWATER_MONGODB_URL`, `HEADWATER_MONGODB_DATABASE` (else the one
 * that the URL names), `HEADWATER_PINECONE_API_KEY`, `HEADWATER_PINECONE_INDEX` and, for a control
 * plane that is not Pinecone's own, `HEADWATER_PINECONE_URL`. MongoDB and Pinecone are configured
 * when their first variable is set. Reads nothing else and checks nothing: `connect` does.
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

function optionsOf({ options }: AnyKind, read: ReadVariable): Record<string, string> {
  const found = Object.entries(options).flatMap(([name, row]) => {
    const value = valueOf(row, read)
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(found)
}

function valueOf({ env, fallback }: OptionRow<unknown>, read: ReadVariable): string | undefined {
  return (env === undefined ? undefined : read(env)) ?? fallback?.(read)
}
