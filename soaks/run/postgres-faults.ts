import { Client } from 'pg'

/** Runs work on a connection of its own. */
export async function onDatabase<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 2_000,
    query_timeout: 5_000,
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Closes every idle connection to a database, as a firewall or an administrator does. */
export async function closeIdleConnections(url: string): Promise<void> {
  await onDatabase(url, (client) => client.query(closeIdle))
}

const closeIdle = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND state = 'idle' AND pid <> pg_backend_pid()`
