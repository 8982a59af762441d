import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { eventually } from '@headwater/testing'
import { change, useOutbox, type OutboxFixture, type Session } from '../outbox-fixture.ts'
import { connectorConfig, guideBlocks, readGuide } from './debezium-guide-fixture.ts'
import { route } from './event-router-fixture.ts'
import { PgoutputReader, type Decoded } from './pgoutput-fixture.ts'

const open = useOutbox()
let fixture: OutboxFixture
let session: Session
let config: Readonly<Record<string, string>>
/** The names of the slot and of the connector's role: a server has each only once. */
let slot: string
let role: string

beforeEach(async () => {
  fixture = await open()
  session = await fixture.session()
  config = await connectorConfig()
  slot = `slot_${fixture.schema}`
  role = `debezium_${randomBytes(5).toString('hex')}`
})

/** Runs the guide's first two blocks: the publication with its slot, and the connector's role. */
async function prepare(): Promise<void> {
  const [publication = '', grants = ''] = await guideBlocks('sql')
  for (const statement of `${publication};${grants}`.split(';'))
    if (statement.trim() !== '') await session.run(own(statement))
}

function own(text: string): string {
  return text
    .replaceAll('public.', '@schema.')
    .replaceAll('SCHEMA public', `SCHEMA "${fixture.schema}"`)
    .replaceAll('headwater_outbox', slot)
    .replaceAll(/\bdebezium\b/g, role)
}

async function dropAll(): Promise<void> {
  await session.run(
    `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE '${slot}%'`,
  )
  await session.run(`DROP OWNED BY ${role}`)
  await session.run(`DROP ROLE ${role}`)
}

/** Does what the connector does, with no other rights than those of its role. */
async function asConnector<T>(work: () => Promise<T>): Promise<T> {
  await session.run('BEGIN')
  try {
    await session.run(`SET LOCAL ROLE ${role}`)
    return await work()
  } finally {
    await session.run('COMMIT')
  }
}

/** Reads the slot with the options of the connector. */
async function readSlot(reader: PgoutputReader): Promise<readonly Decoded[]> {
  const rows = await asConnector(() =>
    session.run<{ data: Buffer }>(`
      SELECT data FROM pg_logical_slot_get_binary_changes('${slot}', NULL, NULL,
        'proto_version', '1', 'publication_names', '${slot}', 'messages', 'true')`),
  )
  return rows.map(({ data }) => reader.read(data))
}

const insertsOf = (all: readonly Decoded[]) =>
  all.flatMap((decoded) => (decoded.kind === 'insert' ? [decoded] : []))

const events = [
  change(5, 8, {
    payload: { title: 'Ärzte “und” \\ {}', seats: 12_345_678_901, tags: ['a', null] },
    headers: { traceparent: '00-ab-cd-01', tenant: 'ü' },
  }),
  change('x/ö 7', 1, { type: 'user.registered', aggregateType: 'user', payload: null }),
]

describe("the guide's connector", () => {
  test('Its role reads the slot, and the router makes of each event what the guide says', async () => {
    await prepare()
    try {
      const ids = await fixture.publish(...events)
      const reader = new PgoutputReader()
      const inserts = insertsOf(await readSlot(reader))
      const captured = own(config['table.include.list'] ?? '').replace('@schema', fixture.schema)
      expect(inserts.map(({ table }) => table)).toEqual([captured, captured])
      const [first, second] = inserts.map(({ row }) => route(row, config))
      expect(first).toMatchObject({
        topic: 'outbox.event.course',
        key: '5',
        headers: { id: ids[0] },
      })
      expect(JSON.parse(first?.value ?? '')).toEqual(events[0]?.payload)
      expect(second).toMatchObject({
        topic: 'outbox.event.user',
        key: 'x/ö 7',
        headers: { id: ids[1] },
      })
      expect(Object.keys(first?.headers ?? {})).toEqual(['id'])
    } finally {
      await dropAll()
    }
  })

  test('The option for type, version and headers adds them', async () => {
    const [, option = '', placement = ''] =
      /`(transforms\.outbox\.table\.fields\.\S+)`, set to\s+`(\S+)`/.exec(await readGuide()) ?? []
    await prepare()
    try {
      await fixture.publish(...events)
      const [insert] = insertsOf(await readSlot(new PgoutputReader()))
      const { headers } = route(insert?.row ?? {}, { ...config, [option]: placement })
      expect(headers).toMatchObject({ eventType: 'course.updated', version: '8' })
      expect(JSON.parse(headers['headers'] ?? '')).toEqual(events[0]?.headers)
    } finally {
      await dropAll()
    }
  })

  test('Its role may send the heartbeat, which the slot has under the prefix that is left out', async () => {
    await prepare()
    try {
      const query = config['heartbeat.action.query'] ?? ''
      await asConnector(() => session.run(query))
      await eventually(async () => {
        expect(await readSlot(new PgoutputReader())).toContainEqual({
          kind: 'message',
          prefix: config['message.prefix.exclude.list'],
        })
      })
    } finally {
      await dropAll()
    }
  })

  test('All columns but one have a type that Debezium knows; the router needs none but those', async () => {
    await prepare()
    try {
      await fixture.publish(...events)
      const reader = new PgoutputReader()
      await readSlot(reader)
      const [relation] = reader.relations.values()
      const known = new Set(['uuid', 'varchar', 'jsonb', 'int8', 'int2', 'timestamptz'])
      const types = await fixture.rows<{ id: number; name: string }>(
        'SELECT oid::integer AS id, typname AS name FROM pg_type',
      )
      const unknown = relation?.columns.filter(
        ({ typeId }) => !known.has(types.find(({ id }) => id === typeId)?.name ?? ''),
      )
      expect(unknown?.map(({ name }) => name)).toEqual(['xid'])
      expect(await readGuide()).toContain('column `xid`')
    } finally {
      await dropAll()
    }
  })

  test('wal2json has the same rows, where the server has it', async ({ skip }) => {
    await prepare()
    try {
      const other = `${slot}_json`
      const error = await session
        .run(`SELECT pg_create_logical_replication_slot('${other}', 'wal2json')`)
        .then(() => undefined, String)
      if (error !== undefined) skip(error)
      await fixture.publish(...events)
      const decoded = insertsOf(await readSlot(new PgoutputReader())).map(({ row }) => row)
      const lines = await session.run<{ data: string }>(`
        SELECT data FROM pg_logical_slot_get_changes('${other}', NULL, NULL,
          'format-version', '2', 'actions', 'insert', 'add-tables', '${fixture.schema}.outbox')`)
      const rows = lines
        .map(({ data }) => JSON.parse(data) as Wal2jsonLine)
        .filter(({ action }) => action === 'I')
        .map(({ columns = [] }) =>
          Object.fromEntries(columns.map(({ name, value }) => [name, textOf(value)])),
        )
      expect(rows).toHaveLength(2)
      expect(rows).toEqual(decoded)
    } finally {
      await dropAll()
    }
  })
})

interface Wal2jsonLine {
  readonly action: string
  readonly columns?: readonly {
    readonly name: string
    readonly value: string | number | null
  }[]
}

/** Values of columns are texts or, for numbers and nothing, JSON's own. */
function textOf(value: string | number | null): string | null {
  return value === null ? null : String(value)
}
