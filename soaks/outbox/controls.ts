import type { Outbox } from '../../packages/core/test/outbox/outbox-fixture.ts'

/** The widely used readers that this outbox replaces, kept to show that the tests can tell. */
export interface NaiveReader {
  /** What is new since the last call, as `id@version`. */
  poll(): Promise<string[]>
}

interface Row {
  readonly seq: string
  readonly xid: string
  readonly aggregateid: string
  readonly version: string
}

const columns = 'seq::text, xid::text, aggregateid, version::text'

/** Remembers the highest position and asks for what lies beyond it. */
export function idCursor(outbox: Pick<Outbox, 'rows'>): NaiveReader {
  let last = '0'
  return {
    poll: async () => {
      const rows = await outbox.rows<Row>(
        `SELECT ${columns} FROM @schema.outbox WHERE seq > $1 ORDER BY outbox.seq`,
        [last],
      )
      last = rows.at(-1)?.seq ?? last
      return rows.map(nameOfRow)
    },
  }
}

/**
 * Remembers the last transaction and position, and keeps below the oldest transaction in progress.
 */
export function xminGuard(outbox: Pick<Outbox, 'rows'>): NaiveReader {
  let last = ['0', '0']
  return {
    poll: async () => {
      const rows = await outbox.rows<Row>(
        `
        SELECT ${columns} FROM @schema.outbox
        WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) AND (xid, seq) > ($1::xid8, $2::bigint) ORDER BY outbox.xid, outbox.seq`,
        last,
      )
      const end = rows.at(-1)
      if (end !== undefined) last = [end.xid, end.seq]
      return rows.map(nameOfRow)
    },
  }
}

function nameOfRow({ aggregateid, version }: Row): string {
  return `${aggregateid}@${version}`
}
