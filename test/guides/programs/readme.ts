import {
  connect,
  connectOptionsFromEnv,
  defineCache,
  migrate,
  ok,
  orThrow,
  type SqlClient,
  transaction,
} from '@headwater/core'

const stores = orThrow(await connect(connectOptionsFromEnv(process.env)))
const createNotes = `
  CREATE TABLE @schema.notes (id integer PRIMARY KEY, text text);
  INSERT INTO @schema.notes VALUES (1, 'buy milk')`
const migrations = { name: 'notes', files: { '0001_notes.sql': createNotes } }
orThrow(await migrate(stores, { sets: [migrations] }))

const loadNotes = async (ids: readonly number[], sql: SqlClient) => {
  const select = 'SELECT id, text FROM @schema.notes WHERE id = ANY($1)'
  const { rows } = await sql.query<{ id: number; text: string }>(select, [ids])
  return new Map(rows.map(({ id, text }) => [id, text]))
}

const notes = defineCache<number, string>(stores, { name: 'note', ttlMs: 60_000, load: loadNotes })
console.log(orThrow(await notes.get(1))) // buy milk

const note = { aggregateType: 'note', aggregateId: 1 }
const written = await transaction(stores, async (tx) => {
  tx.invalidate(notes.key(1)) // no process reads the old text after the commit
  await tx.query('UPDATE @schema.notes SET text = $2 WHERE id = $1', [1, 'buy bread'])
  tx.publish({ ...note, type: 'note.written', version: 2, payload: {} }) // with the commit only
  return ok(undefined)
})
console.log(written.isOk(), orThrow(await notes.get(1))) // true buy bread

orThrow(await stores.close())
