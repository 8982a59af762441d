import type { SqlClient } from '@headwater/core'

/** A reader of the log as people write it by hand: the control of tests and soaks. */
export interface NaiveReader {
  /** Returns the events since the last call, as `id@version`. */
  poll(): Promise<string[]>
}

interface Row {
  readonly seq: string
  readonly xid: string
  readonly aggregateid: string
  readonly version: string
}

/** Remembers the highest position and asks for everything above it. */
export function idCursor(sql: SqlClient): NaiveReader {
  let last = '0'
  return {
    poll: async () => {
      const { rows } = await sql.query<Row>(afterPositionSql, [last])
      last = rows.at(-1)?.seq ?? last
      return rows.map(nameOfRow)
    },
  }
}

/** Remembers the last transaction and position, and stays below the oldest open transaction. */
export function xminGuard(sql: SqlClient): NaiveReader {
  let last = ['0', '0']
  return {
    poll: async () => {
      const { rows } = await sql.query<Row>(afterTransactionSql, last)
      const end = rows.at(-1)
      if (end !== undefined) last = [end.xid, end.seq]
      return rows.map(nameOfRow)
    },
  }
}

function nameOfRow({ aggregateid, version }: Row): string {
  return `${aggregateid}@${version}`
}

const columns = 'seq::text, xid::text, aggregateid, version::text'

const afterPositionSql = `
  SELECT ${columns} FROM @schema.outbox WHERE seq > $1 ORDER BY outbox.seq`

const afterTransactionSql = `
  SELECT ${columns} FROM @schema.outbox
  WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
    AND (xid, seq) > ($1::xid8, $2::bigint)
  ORDER BY outbox.xid, outbox.seq`
