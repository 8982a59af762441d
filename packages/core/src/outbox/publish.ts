import { v7 } from 'uuid'
import type { SqlClient } from '../transactions/sql-client.ts'
import type { NewEvent } from './event.ts'

/**
 * Inserts events with one statement, in the transaction of `client`. One round trip.
 */
export async function insertEvents(client: SqlClient, events: readonly NewEvent[]): Promise<void> {
  const rows = events.map((event) => ({ ...event, aggregateId: String(event.aggregateId), headers: event.headers ?? {}, id: v7() }))
  await client.query(insertSql, [JSON.stringify(rows)])
}

const insertSql = `
  INSERT INTO @schema.outbox (id, aggregatetype, aggregateid, type, payload, headers, version)
  SELECT id, "aggregateType", "aggregateId", type, payload, headers, version
  FROM jsonb_to_recordset($1::jsonb) AS event(
    id uuid, "aggregateType" text, "aggregateId" text, type text, payload jsonb, headers jsonb, version bigint
  )`
