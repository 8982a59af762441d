import { Param, sql, type SQL } from 'drizzle-orm'
import type { NodePgQueryResultHKT } from 'drizzle-orm/node-postgres'
import type { PgTransaction } from 'drizzle-orm/pg-core'
import type { TablesRelationalConfig } from 'drizzle-orm/relations'
import type { SqlClient } from '@headwater/core'

export function sqlOfDrizzle<Schema extends Record<string, unknown>>(
  tx: PgTransaction<NodePgQueryResultHKT, Schema, TablesRelationalConfig>,
): SqlClient {
  const bound = (text: string, values: readonly unknown[]): SQL =>
    sql.join(
      text
        .split(/\$(\d+)/)
        .map((part, index) =>
          index % 2 === 0 ? sql.raw(part) : sql`${new Param(values[Number(part) - 1])}`,
        ),
    )
  return { query: (text, values = []) => tx.execute(bound(text, values)) as never }
}
