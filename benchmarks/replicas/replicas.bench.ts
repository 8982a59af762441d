// The cost of knowing that a replica is fresh: reads after a position, against the same read-only
// transaction on the same standby without the check of the position, and against the statement
// alone by `pg`. Either may return an old row. Many at once and one by one.
import { connect, orThrow, type Stores } from '@headwater/core'
import { type PostgresStandby, startPostgresStandby } from '@headwater/testing'
import { Pool } from 'pg'
import { defaultsOf } from '../../packages/core/src/stores/option-table.ts'
import { postgresOptions } from '../../packages/core/src/stores/postgres/postgres-options.ts'
import { PostgresPoolStore } from '../../packages/core/src/stores/postgres/postgres-pool-store.ts'
import { readOnly } from '../../packages/core/src/stores/postgres/read-only.ts'
import { callers, type Duel, inARow, together } from '../measure/against-redis.ts'
import { bench } from '../measure/bench.ts'
import { runContest } from '../measure/contest.ts'

const createCourses = `
  CREATE TABLE course AS
    SELECT id, 'Course ' || id AS title, repeat('text ', 40) AS description, now() AS created_at
    FROM generate_series(1, 10000) AS id;
  ALTER TABLE course ADD PRIMARY KEY (id);
  ANALYZE course`
const selectRow = 'SELECT id, title, description, created_at FROM course WHERE id = $1'
const selectPage =
  'SELECT id, title, description, created_at FROM course WHERE id > $1 ORDER BY id LIMIT 20'
const ids = Array.from({ length: callers }, (_, n) => n * 100)
const maxConnections = 10
const rounds = { alternations: 31, warmUps: 15 }

/** Reads what a statement returns for an id. */
type Reader = (text: string, id: number) => Promise<readonly object[]>

await bench(async ({ postgres, redis, isJson }) => {
  const standby = await startPostgresStandby(postgres)
  const replicas = [{ url: standby.url }]
  const stores = orThrow(
    await connect({
      postgres: { url: postgres.url, replicas, replicaPatienceMs: 60_000, maxConnections },
      redis: { url: redis.url },
    }),
  )
  const passedOver = new Set<string>()
  stores.diagnostics.on('replica:passed-over', ({ reason }) => passedOver.add(reason))
  const byPg = readerByPg(standby)
  const unchecked = uncheckedReader(standby, stores)
  try {
    orThrow(await stores.postgres.query(createCourses))
    const after = orThrow(await stores.postgres.position())
    await standby.catchUp()
    const ours: Reader = async (text, id) =>
      orThrow(await stores.postgres.read(text, [id], { freshness: { after } })).rows
    const figures: Record<string, number> = {}
    for (const [name, contest] of Object.entries({
      page: together(duel(selectPage, ours, unchecked.read)),
      pageOneByOne: inARow(duel(selectPage, ours, unchecked.read)),
      row: together(duel(selectRow, ours, unchecked.read)),
      rowOneByOne: inARow(duel(selectRow, ours, unchecked.read)),
      pageVsPg: together(duel(selectPage, ours, byPg.read)),
      pageVsPgOneByOne: inARow(duel(selectPage, ours, byPg.read)),
    })) {
      const outcome = await runContest(name, contest, { rounds, isProfiled: !isJson })
      figures[name] = 1 / outcome.timesFaster
    }
    if (passedOver.size > 0) throw new Error(`the primary answered: ${[...passedOver].join()}`)
    return figures
  } finally {
    await byPg.close()
    await unchecked.close()
    orThrow(await stores.close())
    await standby.stop()
  }
})

function duel(text: string, ours: Reader, theirs: Reader): Duel<number> {
  return {
    ours: { items: ids, one: (id) => ours(text, id) },
    theirs: { items: ids, one: (id) => theirs(text, id) },
  }
}

interface Side {
  readonly read: Reader
  readonly close: () => Promise<void>
}

function readerByPg({ url }: PostgresStandby): Side {
  const pool = new Pool({ connectionString: url, max: maxConnections })
  return {
    read: async (text, id) =>
      (await pool.query<object>({ name: String(text.length), text, values: [id] })).rows,
    close: () => pool.end(),
  }
}

/** What a replica is asked with, without the check in front. */
function uncheckedReader({ url }: PostgresStandby, stores: Stores): Side {
  const settings = { ...defaultsOf(postgresOptions), url, maxConnections }
  const store = new PostgresPoolStore(settings, stores, 'replica')
  return {
    read: async (text, id) => {
      const statement = { text, values: [id] }
      const lent = store.lend(statement, {}, (connection) => readOnly(connection, statement).result)
      return (await lent).rows
    },
    close: () => store.close(),
  }
}
