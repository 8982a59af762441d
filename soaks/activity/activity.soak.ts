// Looks for activities that are lost, doubled or reordered while MongoDB is cut off, hangs and
// restarts, and processes are killed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { connect, migrate, orThrow } from '@headwater/core'
import { repositoriesMigrations } from '@headwater/repositories'
import { startPostgresServer, startRedisServer } from '@headwater/testing'
import { arrivals, deliverWhatIsLeft } from './aftermath.ts'
import { Berth } from './berth.ts'
import { Chaos } from './chaos.ts'
import { judge } from './judge.ts'
import { RestartableMongodb } from './restartable-mongodb.ts'

const processes = 3
const database = 'activity_soak'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
if (!(seconds >= 1))
  throw new RangeError(`--seconds is a number of at least 1: got ${values.seconds}`)

const directory = await mkdtemp(join(tmpdir(), 'headwater-soak-'))
const [postgres, redis, mongodb] = await Promise.all([
  startPostgresServer(),
  startRedisServer({ onProgress: say }),
  RestartableMongodb.start(),
])
try {
  const urls = { postgresUrl: postgres.url, redisUrl: redis.url, mongodbUrl: mongodb.url, database }
  await createTables(urls)
  const berths = await Promise.all(
    Array.from({ length: processes }, (_, index) =>
      Berth.open(`recorder-${index}`, { ...urls, directory }),
    ),
  )
  const chaos = new Chaos(berths, mongodb)
  await chaos.run(seconds * 1_000)
  await Promise.all(berths.map((berth) => berth.close()))
  await deliverWhatIsLeft(urls)
  const notes = berths.flatMap((berth) => berth.notes())
  const verdict = judge(notes, await arrivals(urls))
  const { events, ...losses } = verdict
  const summary = {
    soak: 'activity',
    events,
    kills: berths.reduce((sum, { kills }) => sum + kills, 0),
    ...losses,
  }
  say([...chaos.faults].map(([fault, count]) => `${fault} ×${count}`).join(', '))
  say(`${notes.reduce((sum, { dropped }) => sum + dropped, 0)} events were dropped and reported`)
  const failures = (['lostDurable', 'lostBuffered', 'duplicates', 'outOfOrder'] as const).filter(
    (count) => verdict[count] > 0,
  )
  for (const failure of failures) say(`FAILED: ${failure} is ${verdict[failure]}`)
  console.log(values.json ? JSON.stringify(summary) : summary)
  process.exitCode = failures.length === 0 && events > 0 ? 0 : 1
} finally {
  await Promise.all([postgres.stop(), redis.stop(), mongodb.stop()])
  await rm(directory, { recursive: true, force: true })
}

async function createTables({
  postgresUrl,
  redisUrl,
}: {
  readonly postgresUrl: string
  readonly redisUrl: string
}): Promise<void> {
  const stores = orThrow(
    await connect({ postgres: { url: postgresUrl }, redis: { url: redisUrl } }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations] }))
  orThrow(await stores.close())
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
