// The cost of knowing that a replica is fresh: reads after a position, against the same prepared
// statement by `pg` alone on the same standby, which may return an old row. Many at once and one by
// one, of a row by its id and of a page of 20.
import { connect, orThrow, type Stores } from '@headwater/core'
import { startPostgresStandby } from '@headwater/testing'
import { Pool } from 'pg'
import { callers, type Duel, inARow, together } from '../measure/against-redis.ts'
import type { Contest } from '../measure/alternate.ts'
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
const rounds = { alternations: 31, warmUps: 30 }

await bench(async ({ postgres, redis, isJson }) => {
  const standby = await startPostgresStandby(postgres)
  const pool = new Pool({ connectionString: standby.url, max: maxConnections })
  const replicas = [{ url: standby.url }]
  const stores = orThrow(
    await connect({
      postgres: { url: postgres.url, replicas, replicaPatienceMs: 60_000, maxConnections },
      redis: { url: redis.url },
    }),
  )
  const passedOver = new Set<string>()
  stores.diagnostics.on('replica:passed-over', ({ reason }) => passedOver.add(reason))
  try {
    orThrow(await stores.postgres.query(createCourses))
    const after = orThrow(await stores.postgres.position())
    await standby.catchUp()
    const figures: Record<string, number> = {}
    for (const [name, contest] of Object.entries(contestsOf(stores, pool, after))) {
      const outcome = await runContest(name, contest, { rounds, isProfiled: !isJson })
      figures[name] = 1 / outcome.timesFaster
    }
    if (passedOver.size > 0) throw new Error(`the primary answered: ${[...passedOver].join()}`)
    return figures
  } finally {
    await pool.end()
    orThrow(await stores.close())
    await standby.stop()
  }
})

function contestsOf(stores: Stores, pool: Pool, after: string): Readonly<Record<string, Contest>> {
  const freshness = { after }
  const duel = (name: string, text: string): Duel<number> => ({
    ours: {
      items: ids,
      one: async (id) => orThrow(await stores.postgres.read(text, [id], { freshness })).rows,
    },
    theirs: {
      items: ids,
      one: async (id) => (await pool.query({ name, text, values: [id] })).rows,
    },
  })
  const row = duel('row', selectRow)
  const page = duel('page', selectPage)
  return {
    pageVsPlain: together(page),
    pageVsPlainOneByOne: inARow(page),
    rowVsPlain: together(row),
    rowVsPlainOneByOne: inARow(row),
  }
}
