import knex from 'knex'
import { sqlOfKnex } from './adapters/knex.ts'
import type { Host } from './host.ts'

export async function knexHost(url: string): Promise<Host> {
  const db = knex({ client: 'pg', connection: url })
  return {
    transaction: (work) =>
      db.transaction((trx) =>
        work({
          sql: sqlOfKnex(trx),
          rename: async (id, title) => trx('courses').where({ id }).update({ title }),
        }),
      ),
    close: () => db.destroy(),
  }
}
