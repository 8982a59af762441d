import type { PostgresServer } from '@headwater/testing'
import { Client } from 'pg'

/** Begins transactions until one has this id; ends the earlier ones. Returns it, still open. */
export async function beginAs(server: PostgresServer, transactionId: bigint): Promise<Client> {
  const client = new Client({ connectionString: server.url })
  client.on('error', () => undefined)
  await client.connect()
  for (;;) {
    await client.query('BEGIN')
    const { rows } = await client.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid')
    const id = BigInt(rows[0]?.xid ?? 0)
    if (id === transactionId) return client
    if (id > transactionId) throw new Error(`${transactionId} was not assigned again`)
    await client.query('ROLLBACK')
  }
}
