import type { Knex } from 'knex'
import type { SqlClient } from '@headwater/core'

export function sqlOfKnex(trx: Knex.Transaction): SqlClient {
  return {
    query: (text, values = []) => {
      const bindings: unknown[] = []
      const bound = text.replaceAll('?', '\\?').replace(/\$(\d+)/g, (_, number) => {
        bindings.push(values[Number(number) - 1])
        return '?'
      })
      return trx.raw(bound, bindings as Knex.RawBinding[]) as never
    },
  }
}
