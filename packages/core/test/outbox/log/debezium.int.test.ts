import { describe, expect, test } from 'vitest'
import { okAsync, orThrow } from '@headwater/core'
import { purge } from '../../../src/outbox/log/purge.ts'
import { change, nothingOlder, recordingSink, useOutbox } from '../outbox-fixture.ts'

const open = useOutbox()

interface Column {
  readonly name: string
  readonly type: string
  readonly required: boolean
}

describe('the table of the log', () => {
  test("The outbox has the columns of Debezium's Outbox Event Router, with the documented types", async () => {
    const fixture = await open()
    const columns = await fixture.rows<Column>(`
      SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required
      FROM pg_attribute WHERE attrelid = '@schema.outbox'::regclass AND attnum BETWEEN 1 AND 5 ORDER BY attnum`)
    expect(columns).toEqual([
      { name: 'id', type: 'uuid', required: true },
      { name: 'aggregatetype', type: 'character varying(255)', required: true },
      { name: 'aggregateid', type: 'character varying(255)', required: true },
      { name: 'type', type: 'character varying(255)', required: true },
      { name: 'payload', type: 'jsonb', required: false },
    ])
  })

  test('Inserts by hand need only the five columns of Debezium', async () => {
    const fixture = await open()
    const sink = recordingSink()
    await fixture.rows(`
      INSERT INTO @schema.outbox (id, aggregatetype, aggregateid, type, payload)
      VALUES ('0190a000-0000-7000-8000-000000000000', 'course', '5', 'course.updated', '{"from":"a trigger"}')`)
    orThrow(await fixture.relay([sink]).drain())
    expect(sink.events).toMatchObject([
      { aggregateId: '5', version: 0, payload: { from: 'a trigger' }, headers: {} },
    ])
  })

  test('Delivery, failures and purge cause no change but inserts in a publication of inserts', async () => {
    const fixture = await open()
    const slot = `slot_${fixture.schema}`
    const decoded = `
      SELECT data FROM pg_logical_slot_get_changes(
        '${slot}', NULL, NULL, 'include-xids', '0', 'skip-empty-xacts', '1')`
    await fixture.rows(
      `CREATE PUBLICATION ${slot} FOR TABLE @schema.outbox WITH (publish = 'insert')`,
    )
    // A slot waits for every transaction of the server, for longer than a statement may take here.
    const preparing = await fixture.session()
    await preparing.run(`SELECT pg_create_logical_replication_slot('${slot}', 'test_decoding')`)
    await preparing.run(`SELECT pg_create_logical_replication_slot('${slot}_out', 'pgoutput')`)
    try {
      await fixture.publish(change(1, 1, { payload: { title: 'Algebra' } }), change(2, 1))
      await nothingOlder(fixture)
      const sink = recordingSink({ before: (batch) => recordingOutcome(batch[0]?.id) })
      orThrow(await fixture.relay([sink]).drain())
      expect(await purge(fixture.stores.postgres.client, { retentionMs: 0 })).toBe(2)
      const changes = (await fixture.rows<{ data: string }>(decoded))
        .map(({ data }) => data)
        .filter((data) => data.includes(`${fixture.schema}.outbox:`))
      expect(changes.map((data) => /: (\w+):/.exec(data)?.[1])).toEqual([
        'INSERT',
        'INSERT',
        'DELETE',
        'DELETE',
      ])
      expect(changes[0]).toContain("id[uuid]:'")
      expect(changes[0]).toContain(
        "aggregatetype[character varying]:'course' aggregateid[character varying]:'1' " +
          'type[character varying]:\'course.updated\' payload[jsonb]:\'{"title": "Algebra"}\'',
      )
      const messages = await fixture.rows<{ kind: string }>(`
        SELECT chr(get_byte(data, 0)) AS kind FROM pg_logical_slot_get_binary_changes(
          '${slot}_out', NULL, NULL, 'proto_version', '1', 'publication_names', '${slot}')`)
      expect(messages.map(({ kind }) => kind).filter((kind) => 'IUD'.includes(kind))).toEqual([
        'I',
        'I',
      ])
    } finally {
      await fixture.rows(
        `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE '${slot}%'`,
      )
    }
  })
})

function recordingOutcome(id: string | undefined) {
  return okAsync({
    failed:
      id === undefined
        ? []
        : [{ id, failure: { type: 'sink-failed' as const, message: 'no', retryable: false } }],
  })
}
