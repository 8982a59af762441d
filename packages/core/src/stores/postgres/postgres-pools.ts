import { Pool, type PoolConfig } from 'pg'
import type { PostgresSettings } from './postgres-options.ts'

/** Opens the store's own pool; no connection is made before it is asked for. */
export function openPool(settings: PostgresSettings): Pool {
  const serverTimeout =
    settings.serverStatementTimeout && settings.statementTimeoutMs > 0
      ? { statement_timeout: settings.statementTimeoutMs }
      : {}
  return new Pool({
    ...(settings.url === undefined ? {} : { connectionString: settings.url }),
    max: settings.maxConnections,
    idleTimeoutMillis: settings.idleTimeoutMs,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    keepAlive: true,
    application_name: 'headwater',
    // Dates are read in ISO form, whatever the role or the database prefers.
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- `pg` waits for it
    onConnect: (client) => client.query('SET datestyle TO ISO'),
    ...serverTimeout,
  })
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
