import { connect, migrate, orThrow } from '@headwater/core'
import type { ConnectOptions } from '@headwater/core'
import { repositoriesMigrations } from '@headwater/repositories'
import { searchMigrations } from '@headwater/search'
import type { ApiOptions } from './api.ts'
import { envNumber } from './env-number.ts'
import { createServices } from './services.ts'
import type { ServiceOptions, Services } from './services.ts'

/** Options of a host. */
export interface HostOptions extends ApiOptions {
  /**
   * The port on 127.0.0.1.
   *
   * @defaultValue `0`: a free one
   */
  readonly port?: number
  /**
   * The number of proxies before the host, each of which appends the address it saw to
   * `X-Forwarded-For`. With too few, all visitors are one to the limits; with too many, a visitor
   * can pretend to be another.
   *
   * @defaultValue `0`: the header is ignored
   */
  readonly trustedProxies?: number
}

/** The defaults of {@link HostOptions}. */
export const hostDefaults = { port: 0, trustedProxies: 0 } as const satisfies HostOptions

/** The defaults of closing a host; the environment says how long those who end it wait. */
export const closeDefaults = {
  deadlineMs: envNumber(process.env, 'CLOSE_DEADLINE_MS', 10_000),
}

/** A running host. */
export interface RunningHost {
  /** Its URL. */
  readonly url: string
  /**
   * Ends the host. It is no longer ready and accepts no connection; requests under way may finish,
   * then the relay and then the stores end. At the deadline the rest is cut off and the result is
   * `false`. Idempotent.
   */
  close(deadline?: { readonly deadlineMs?: number }): Promise<boolean>
}

/** Serves the API on services, whose relay was started. */
export type Serve = (services: Services, options?: HostOptions) => Promise<RunningHost>

/**
 * Connects, migrates and starts the relay.
 *
 * @throws FailureError when a required store does not connect or the migration fails.
 */
export async function openServices(
  connection: ConnectOptions,
  options: ServiceOptions,
): Promise<Services> {
  const stores = orThrow(await connect(connection))
  try {
    orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
    const services = createServices(stores, options)
    services.relay.start()
    return services
  } catch (error) {
    await stores[Symbol.asyncDispose]()
    throw error
  }
}

/** Ends the relay, then the stores; `true` when both ended in time. */
export async function closeServices(
  { relay, stores, metrics }: Services,
  deadlineMs: number,
): Promise<boolean> {
  const endMs = performance.now() + deadlineMs
  const relayed = await relay.stop({ deadlineMs: deadlineMs / 2 })
  const closed = await stores.close({ deadlineMs: Math.max(1, endMs - performance.now()) })
  metrics.stop()
  return relayed.isOk() && closed.isOk()
}
