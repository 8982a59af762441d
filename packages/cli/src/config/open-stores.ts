import { connect, connectOptionsFromEnv, connectUnready } from '@headwater/core'
import type { ConnectOptions, Stores } from '@headwater/core'
import { CommandFailed, type OpenedStores } from '../commands/command.ts'
import { UsageError } from '../commands/usage-error.ts'
import { once } from '../once.ts'
import type { Secrets } from '../terminal/secrets.ts'
import type { HeadwaterConfig } from './config.ts'

/** What opening stores needs beside a configuration. */
export interface OpenStoresDeps {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Learns the secrets of the configuration. */
  readonly secrets: Secrets
}

/** Somebody who types has more patience than a request, and less than a start, in milliseconds. */
const patience = { commandMs: 2_000, connectMs: 3_000 }

/**
 * The options that stores are connected with. Processes that keep values near are waited for by
 * whoever changes them, and so is what a command invalidates.
 */
export function connectOptions(
  { connect: given }: HeadwaterConfig,
  { env, secrets }: OpenStoresDeps,
): ConnectOptions {
  const options = given ?? connectOptionsFromEnv(env)
  secrets.learn(options)
  const redis = { deadlineMs: patience.commandMs, ...options.redis }
  return { near: { maxBytes: 0 }, connectDeadlineMs: patience.connectMs, ...options, redis }
}

/**
 * Connects the stores of a configuration, or takes those that it has connected.
 *
 * @throws UsageError for options that break a rule. CommandFailed when PostgreSQL or another
 *   required store cannot be had.
 */
export async function openStores(
  config: HeadwaterConfig,
  deps: OpenStoresDeps,
): Promise<OpenedStores> {
  const stores = config.stores ?? (await connected(connectOptions(config, deps)))
  return { stores, services: once(async () => (await config.services?.(stores)) ?? {}) }
}

/** Stores that need not be up, and what they are connected with. */
export interface UnreadyStores {
  readonly stores: Stores
  /** Absent where the configuration has connected the stores. */
  readonly connect: ConnectOptions | undefined
}

/**
 * The stores of a configuration, whether they are up or not. `prepare` may change the options.
 *
 * @throws UsageError for options that break a rule.
 */
export async function unreadyStores(
  config: HeadwaterConfig,
  deps: OpenStoresDeps,
  prepare: (options: ConnectOptions) => ConnectOptions = (options) => options,
): Promise<UnreadyStores> {
  if (config.stores !== undefined) return { stores: config.stores, connect: undefined }
  const options = prepare(connectOptions(config, deps))
  return { stores: valueOf(await connectUnready(options)), connect: options }
}

async function connected(options: ConnectOptions): Promise<Stores> {
  return valueOf(await connect(options))
}

function valueOf(stores: Awaited<ReturnType<typeof connect>>): Stores {
  if (stores.isOk()) return stores.value
  if (stores.error.type === 'invalid-input') throw new UsageError(stores.error.message)
  throw new CommandFailed(stores.error)
}
