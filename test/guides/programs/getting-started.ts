import {
  connect,
  connectOptionsFromEnv,
  createRelay,
  defineCache,
  defineSink,
  migrate,
  ok,
  orThrow,
  transaction,
} from '@headwater/core'

const stores = orThrow(await connect(connectOptionsFromEnv(process.env)))

const createNotes =
  'CREATE TABLE @schema.notes (id integer PRIMARY KEY, text text, version integer DEFAULT 1)'
const migrations = { name: 'notes', files: { '0001_notes.sql': createNotes } }
orThrow(await migrate(stores, { sets: [migrations] }))

const notes = defineCache<number, string>(stores, {
  name: 'note',
  ttlMs: 60_000,
  load: async (ids, sql) => {
    const { rows } = await sql.query<{ id: number; text: string }>(
      'SELECT id, text FROM @schema.notes WHERE id = ANY($1)',
      [ids],
    )
    return new Map(rows.map(({ id, text }) => [id, text]))
  },
})

const upsertNote = `
  INSERT INTO @schema.notes AS n (id, text) VALUES ($1, $2)
  ON CONFLICT (id) DO UPDATE SET text = $2, version = n.version + 1
  RETURNING version`

const write = (id: number, text: string) =>
  transaction(stores, async (tx) => {
    tx.invalidate(notes.key(id))
    const { rows } = await tx.query<{ version: number }>(upsertNote, [id, text])
    const version = rows[0]?.version ?? 1
    tx.publish({
      aggregateType: 'note',
      aggregateId: id,
      type: 'note.written',
      version,
      payload: { id },
    })
    return ok(undefined)
  })

const delivered: string[] = []
const log = defineSink({
  name: 'log',
  types: ['note.*'],
  mode: 'log',
  handle: async (events) => {
    delivered.push(...events.map(({ type }) => type))
  },
})
const relay = createRelay(stores, { sinks: [log] })
relay.start()

orThrow(await write(1, 'buy milk'))
console.log(orThrow(await notes.get(1))) // buy milk
orThrow(await write(1, 'buy bread'))
console.log(orThrow(await notes.get(1))) // buy bread

orThrow(await relay.drain())
console.log(delivered.length) // 2
orThrow(await stores.close())
