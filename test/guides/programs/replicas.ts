import { connect, connectOptionsFromEnv, ok, orThrow, transaction } from '@headwater/core'

const { HEADWATER_POSTGRES_REPLICA_URL: url = '' } = process.env
const options = connectOptionsFromEnv(process.env)
const postgres = { ...options.postgres, replicas: [{ url }] }
const stores = orThrow(await connect({ ...options, postgres }))

orThrow(await stores.postgres.query('CREATE TABLE note (body text)'))

const written = await transaction(stores, async (tx) => {
  await tx.query('INSERT INTO note VALUES ($1)', ['Buy milk'])
  return ok(undefined)
})
orThrow(written)
const position = orThrow(await stores.postgres.position())

const own = await stores.postgres.read('SELECT body FROM note', [], {
  freshness: { after: position },
})
console.log(orThrow(own).rows[0]) // { body: 'Buy milk' }

const total = await stores.postgres.read('SELECT count(*)::int AS notes FROM note', [], {
  freshness: { after: position, maxLagMs: 5_000 },
})
console.log(orThrow(total).rows[0]) // { notes: 1 }

orThrow(await stores.close())
