import { randomBytes } from 'node:crypto'
import type { Client } from 'pg'

const connectTimeoutMs = 60_000

/**
 * Creates an empty database on the server at a URL and resolves to the new database's URL. Costs
 * one connection and one statement, about a tenth of a second. The default name is unique.
 */
export async function createDatabase(
  url: string,
  name: string = `test_${randomBytes(6).toString('hex')}`,
): Promise<string> {
  await withClient(url, (client) =>
    client.query(`CREATE DATABASE ${client.escapeIdentifier(name)} TEMPLATE template0`),
  )
  const created = new URL(url)
  created.pathname = `/${encodeURIComponent(name)}`
  return created.href
}

/**
 * Drops the database of a URL, even while connections to it are open. An absent database is not an
 * error.
 */
export async function dropDatabase(url: string): Promise<void> {
  const maintenance = new URL(url)
  const name = decodeURIComponent(maintenance.pathname.slice(1))
  maintenance.pathname = '/postgres'
  await withClient(maintenance.href, (client) =>
    client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`),
  )
}

/** The version of the server at a URL, such as `18.4`. */
export async function postgresVersion(url: string): Promise<string> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ server_version: string }>('SHOW server_version'),
  )
  return rows[0]?.server_version.split(' ')[0] ?? 'unknown'
}

/** Lends a connection to the database at a URL. */
export async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: connectTimeoutMs,
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
