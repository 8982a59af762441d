import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { Pool } from 'pg'
import { sqlOfDrizzle } from './adapters/drizzle.ts'
import type { Host } from './host.ts'

const courses = pgTable('courses', { id: integer().primaryKey(), title: text().notNull() })

export async function drizzleHost(url: string): Promise<Host> {
  const pool = new Pool({ connectionString: url })
  const db = drizzle(pool)
  return {
    transaction: (work) =>
      db.transaction((tx) =>
        work({
          sql: sqlOfDrizzle(tx),
          rename: async (id, title) => tx.update(courses).set({ title }).where(eq(courses.id, id)),
        }),
      ),
    close: () => pool.end(),
  }
}
