import { createRateLimiter, orThrow } from '@headwater/core'
import type { Course, User } from '@headwater/repositories'
import { eventually } from '@headwater/testing'
import { check, type Flow } from '../flow.ts'
import { duration } from '../output.ts'
import type { RedisOutage } from '../redis/demo-redis.ts'
import { patience, type Stage } from './stage.ts'

interface OutageStage extends Stage {
  readonly ada: User
  readonly redisOutage: RedisOutage
}

/** The state before the outage. */
interface Before {
  readonly course: Course
  readonly token: string
}

const [oldName, newName] = ['Ada Lovelace', 'Ada King, Countess of Lovelace']

/** Redis goes away, and returns with the data it held before. */
export async function outageFlow(flow: Flow, stage: OutageStage): Promise<object> {
  const before = await takeRedisAway(flow, stage)
  await readWithout(flow, stage, before)
  await writeWithout(flow, stage, before)
  await refuseSessions(flow, stage, before)
  await bringRedisBack(flow, stage, before)
  return before
}

async function takeRedisAway(flow: Flow, stage: OutageStage): Promise<Before> {
  const {
    services: { courses, relay, users, sessions, stores },
    inspection,
    redisOutage,
    ada,
  } = stage
  const course = stage.courses.at(-1)
  check(course !== undefined, 'the catalogue is empty')
  return flow.step({ store: 'Redis', does: redisOutage.does }, async ({ note, timed }) => {
    orThrow(await relay.drain({ deadlineMs: patience.timeoutMs }))
    orThrow(await courses.get(course.id))
    await eventually(async () => {
      orThrow(await users.get(ada.id))
      return (await inspection.key(`user:${ada.id}`))?.text.includes(oldName) === true
    }, patience)
    const { token } = orThrow(await sessions.create({ userId: ada.id }))
    await timed(() => redisOutage.begin())
    check(!(await redisOutage.answers()), 'it still answers')
    const health = await eventually(async () => {
      const report = await stores.health()
      return report.stores.redis?.status === 'degraded' && report
    }, patience)
    check(
      health.status === 'degraded' && (await stores.isReady()),
      'the application is not ready any more',
    )
    note('health says degraded, and ready')
    return { course, token }
  })
}

async function readWithout(
  flow: Flow,
  { services: { users, courses, search }, ada }: OutageStage,
  { course }: Before,
): Promise<void> {
  await flow.step(
    { store: 'PostgreSQL', does: 'answers in its place' },
    async ({ note, timed }) => {
      const [user, read] = await timed(() =>
        Promise.all([users.get(ada.id), courses.get(course.id)]),
      )
      check(
        orThrow(user)?.email === ada.email && orThrow(read)?.title === course.title,
        'a wrong row was read',
      )
      note("Ada's profile and a course")
    },
  )

  await flow.step({ store: 'Pinecone', does: 'answers a search' }, async ({ note, timed }) => {
    const found = orThrow(await timed(() => search.search('learn to play the piano', { limit: 5 })))
    check(
      found.hits.length > 0 && !found.isCached && found.degraded.length === 0,
      `${found.hits.length} hits, without ${found.degraded.map(({ leg }) => leg).join()}`,
    )
    note(`${found.hits.length} courses, ${found.mode}, uncached`)
  })
}

async function writeWithout(
  flow: Flow,
  { services: { users, enrollments }, inspection, ada }: OutageStage,
  { course }: Before,
): Promise<void> {
  await flow.step(
    { store: 'PostgreSQL', does: `enrolls Ada in "${course.title}"` },
    async ({ timed }) => {
      orThrow(await timed(() => enrollments.enroll({ userId: ada.id, courseId: course.id })))
      const row = await inspection.row(
        'SELECT id FROM enrollments WHERE user_id = $1 AND course_id = $2',
        [ada.id, course.id],
      )
      check(row !== undefined, 'the row is not there')
    },
  )

  await flow.step({ store: 'PostgreSQL', does: "changes Ada's name" }, async ({ note, timed }) => {
    orThrow(await timed(() => users.update(ada.id, { fullName: newName })))
    check(orThrow(await users.get(ada.id))?.fullName === newName, 'the old name was served')
    note('and records the keys that Redis must forget')
  })
}

async function refuseSessions(
  flow: Flow,
  { services: { sessions, stores } }: OutageStage,
  { token }: Before,
): Promise<void> {
  await flow.step(
    { store: 'Redis', does: "cannot vouch for Ada's session" },
    async ({ note, timed }) => {
      const session = await timed(() => sessions.get(token))
      check(
        session.isErr() && session.error.type === 'store-unavailable',
        'a session was accepted or denied without Redis',
      )
      const limit = await createRateLimiter(stores, { name: 'demo', limit: 1 }).take('ada')
      check(limit.success && limit.isDegraded, 'the rate limit does not say that it is degraded')
      note(`${session.error.type}; rate limits count in this process`)
    },
  )
}

async function bringRedisBack(flow: Flow, stage: OutageStage, { token }: Before): Promise<void> {
  const {
    services: { users, sessions, stores },
    inspection,
    redisOutage,
    ada,
  } = stage
  await flow.step(
    { store: 'Redis', does: 'is back, with the old name in it' },
    async ({ note }) => {
      let [hits, reads, stale] = [0, 0, 0]
      const stopCounting = stores.diagnostics.on('cache:hit', ({ cache }) => {
        if (cache === 'user') hits += 1
      })
      await redisOutage.end()
      const backMs = performance.now()
      await eventually(async () => {
        const read = orThrow(await users.get(ada.id))
        reads += 1
        if (read?.fullName !== newName) stale += 1
        return hits > 0
      }, patience).finally(stopCounting)
      check(stale === 0, `${stale} of ${reads} reads were stale`)
      check(
        (await inspection.key(`user:${ada.id}`))?.text.includes(newName) === true,
        'Redis does not hold the new name',
      )
      const afterwards = duration(performance.now() - backMs)
      note(`${reads} reads, none stale, from the cache again after ${afterwards}`)
    },
  )

  await flow.step({ store: 'Redis', does: "knows Ada's session again" }, async () => {
    await eventually(async () => orThrow(await sessions.get(token))?.userId === ada.id, patience)
  })
}
