import { Kysely, PostgresDialect } from 'kysely'
import { Pool } from 'pg'
import { sqlOfKysely } from './adapters/kysely.ts'
import type { Host } from './host.ts'

interface Database {
  readonly courses: { readonly id: number; readonly title: string }
}

export async function kyselyHost(url: string): Promise<Host> {
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool: new Pool({ connectionString: url }) }),
  })
  return {
    transaction: (work) =>
      db.transaction().execute((trx) =>
        work({
          sql: sqlOfKysely(trx),
          rename: (id, title) =>
            trx.updateTable('courses').set({ title }).where('id', '=', id).execute(),
        }),
      ),
    close: () => db.destroy(),
  }
}
