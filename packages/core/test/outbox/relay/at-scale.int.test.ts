import { describe, expect, test } from 'vitest'
import { createRelay, orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { connectorConfig, guideBlocks } from '../log/debezium-guide-fixture.ts'
import { change, nothingOlder, patient, recordingSink, useOutbox } from '../outbox-fixture.ts'

const open = useOutbox()

describe('the guide to Debezium', () => {
  test("The guide's connector reads the guide's publication, with the router's default options", async () => {
    const config = await connectorConfig()
    const options = Object.keys(config).filter((name) => name.startsWith('transforms.outbox.'))
    expect(options).toEqual(['transforms.outbox.type', 'transforms.outbox.predicate'])
    const [prepare = ''] = await guideBlocks('sql')
    expect(prepare).toContain(
      `CREATE PUBLICATION ${config['publication.name']} FOR TABLE ${config['table.include.list']} `,
    )
    expect(prepare).toContain(
      `pg_create_logical_replication_slot('${config['slot.name']}', '${config['plugin.name']}')`,
    )
    expect(
      new RegExp(`^${config['predicates.isOutbox.pattern']}$`).test(
        `${config['topic.prefix']}.${config['table.include.list']}`,
      ),
    ).toBe(true)
  })

  test("The guide's statements run, publish each event once, and its heartbeat advances an idle slot", async () => {
    const fixture = await open()
    const config = await connectorConfig()
    const own = (sql: string): string =>
      sql.replaceAll('public.', '@schema.').replaceAll('headwater_outbox', `slot_${fixture.schema}`)
    const [prepare = '', , watch = ''] = (await guideBlocks('sql')).map(own)
    const slot = own(config['slot.name'] ?? '')
    const read = (): Promise<{ kind: string }[]> =>
      fixture.rows(`
      SELECT chr(get_byte(data, 0)) AS kind
      FROM pg_logical_slot_get_binary_changes(
        '${slot}', NULL, NULL, 'proto_version', '1', 'publication_names', '${slot}', 'messages', 'true')`)
    // A slot waits for every transaction of the server, for longer than a statement may take here.
    const preparing = await fixture.session()
    for (const statement of prepare.split(';').filter((text) => text.trim() !== ''))
      await preparing.run(statement)
    try {
      await fixture.publish(change(1, 1), change(2, 1))
      orThrow(await fixture.relay([recordingSink()]).drain())
      expect(
        (await read()).map(({ kind }) => kind).filter((kind) => 'IUDTM'.includes(kind)),
      ).toEqual(['I', 'I'])
      const [before] = await fixture.rows<{ at: string }>(
        `SELECT confirmed_flush_lsn::text AS at FROM pg_replication_slots WHERE slot_name = '${slot}'`,
      )
      await fixture.rows(config['heartbeat.action.query'] ?? '')
      await eventually(async () => {
        expect((await read()).map(({ kind }) => kind)).toContain('M')
      })
      expect(
        await fixture.rows(
          `SELECT confirmed_flush_lsn > $1 AS moved FROM pg_replication_slots WHERE slot_name = '${slot}'`,
          [before?.at],
        ),
      ).toEqual([{ moved: true }])
      expect(await fixture.rows(watch)).toMatchObject([
        { slot_name: slot, active: false, wal_status: 'reserved' },
      ])
    } finally {
      await fixture.rows(
        `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${slot}'`,
      )
    }
  })
})

describe('a relay without sinks', () => {
  test('A relay without sinks purges by age alone', async () => {
    const fixture = await open()
    const relay = fixture.relay([recordingSink()])
    await fixture.publish(change(1, 1))
    await nothingOlder(fixture)
    orThrow(await relay.drain())
    orThrow(await relay.stop())
    const keepUntilLeft = async (count: number): Promise<void> => {
      await nothingOlder(fixture)
      const keeper = patient(
        createRelay(fixture.stores, {
          sinks: [],
          retentionMs: 1,
          purgeMs: 20,
          tickMs: 5,
          maxPollMs: 20,
        }),
      )
      keeper.start()
      await eventually(async () => {
        expect(await fixture.rows('SELECT FROM @schema.outbox')).toHaveLength(count)
      })
      orThrow(await keeper.drain())
      orThrow(await keeper.stop())
    }
    await fixture.publish(change(1, 2))
    await keepUntilLeft(1)
    orThrow(await fixture.outbox.removeSink('recorder'))
    await fixture.publish(change(1, 3))
    await keepUntilLeft(0)
  })
})
