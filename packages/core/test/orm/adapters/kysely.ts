import { CompiledQuery, type Transaction } from 'kysely'
import type { SqlClient } from '@headwater/core'

export function sqlOfKysely<Database>(trx: Transaction<Database>): SqlClient {
  return {
    query: async <Row extends object>(text: string, values: readonly unknown[] = []) => {
      const { rows, numAffectedRows } = await trx.executeQuery<Row>(
        CompiledQuery.raw(text, [...values]),
      )
      return { rows, rowCount: Number(numAffectedRows ?? rows.length) }
    },
  }
}
