import { findPackageJSON } from 'node:module'
import { readFileSync } from 'node:fs'
import { ok, orThrow, transaction } from '@headwater/core'
import { startPlatform } from '../platform-fixture.ts'

// Every client carries something: a user registers, enrols, searches and signs in, and an outage of
// PostgreSQL is an outage. Prints the versions of the clients as JSON.
const platform = await startPlatform({ redisDeadlineMs: 10_000 })
const { courses, enrollments, search, sessions, relay, stores, activity, proxies } = platform
const course = await platform.offer({ title: 'Bookkeeping for beginners', maxStudents: 2 })
const payment = { method: 'card' } as const
const { id: userId } = await platform.register()
orThrow(await enrollments.enroll({ userId, courseId: course.id, payment }))
expectEqual(orThrow(await courses.get(course.id))?.currentEnrollment, 1)
const { token } = orThrow(await sessions.create({ userId }))
expectEqual(orThrow(await sessions.get(token))?.userId, userId)
expectEqual(orThrow(await sessions.revokeAll(userId)), 1)
orThrow(await relay.drain({ deadlineMs: 60_000 }))
const found = orThrow(await search.search('bookkeeping'))
expectEqual(found.hits[0]?.course.id, course.id)
expectEqual(found.degraded, [])
const today = { from: new Date(Date.now() - 86_400_000), to: new Date(Date.now() + 86_400_000) }
const revenue = orThrow(await activity.analytics.revenue(today))
expectEqual(revenue.length, 1)
expectEqual(
  orThrow(await transaction(stores, async (tx) => ok((await tx.query('SELECT 1 AS one')).rows))),
  [{ one: 1 }],
)
proxies.postgres.cut()
const refused = await stores.postgres.query('SELECT 1')
expectEqual(refused.isErr() && refused.error.type, 'store-unavailable')
proxies.postgres.restore()
await platform.close()
process.stdout.write(JSON.stringify(Object.fromEntries(peers().map(versionOf))))

function peers(): string[] {
  return ['pg', '@redis/client', 'mongodb', '@pinecone-database/pinecone', 'openai']
}

function versionOf(peer: string): [string, string] {
  const path = findPackageJSON(import.meta.resolve(peer)) ?? ''
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string }
  return [peer, version]
}

function expectEqual(actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected))
    throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`)
}
