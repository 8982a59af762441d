import { Client, type ClientConfig, Pool, type PoolConfig } from 'pg'
import { addressOf, givePassword } from './postgres-access.ts'
import { type PostgresSettings, statementDeadlineMs } from './postgres-options.ts'
import { refuseStandby } from './primary-check.ts'

const isoDates = 'SET datestyle TO ISO'

/** Where a statement has no limit. */
const waitWithoutLimitMs = 30_000

/** The longest wait for a connection of a busy pool: as long as a statement may take. */
export function longestWaitMs(settings: PostgresSettings): number {
  const statementMs = statementDeadlineMs(settings)
  const ms = Number.isFinite(statementMs) ? statementMs : waitWithoutLimitMs
  return Math.max(ms, settings.connectTimeoutMs)
}

/** What a store is for: one of replicas takes standbys, any other refuses them. */
export type PostgresRole = 'primary' | 'replica'

/** Opens the store's own pool; no connection is made before it is asked for. */
export function openPool(settings: PostgresSettings, role: PostgresRole): Pool {
  const serverTimeout =
    settings.serverStatementTimeout && settings.statementTimeoutMs > 0
      ? { statement_timeout: settings.statementTimeoutMs }
      : {}
  return new Pool({
    ...addressOf(settings),
    max: settings.maxConnections,
    idleTimeoutMillis: settings.idleTimeoutMs,
    // `pg` has one time for making a connection and for waiting until one is free.
    connectionTimeoutMillis: longestWaitMs(settings),
    Client: clientOf(settings),
    keepAlive: true,
    application_name: 'headwater',
    // Dates are read in ISO form, whatever the role or the database prefers.
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- `pg` waits for it
    onConnect: (client) =>
      role === 'replica' ? client.query(isoDates) : refuseStandby(client, isoDates),
    ...serverTimeout,
  })
}

function clientOf(settings: PostgresSettings): typeof Client {
  const { connectTimeoutMs } = settings
  return class extends Client {
    constructor(config: ClientConfig) {
      super({ ...config, connectionTimeoutMillis: connectTimeoutMs })
      givePassword(this, settings, connectTimeoutMs)
    }
  }
}

/**
 * A second, small pool to the same server as `pool`, of the same kind and with the same options.
 */
export function reservedPoolOf(pool: Pool, maxConnections: number): Pool {
  const { options } = pool
  const SamePool = pool.constructor as new (config: PoolConfig) => Pool
  // `pg` keeps the password out of the enumerable options.
  const password = options.password === undefined ? {} : { password: options.password }
  return new SamePool({ ...options, ...password, max: maxConnections, min: 0 })
}
