import {
  addressSubject,
  connect,
  connectOptionsFromEnv,
  createRateLimiter,
  createRateLimits,
  createSessions,
  migrate,
  ok,
  orThrow,
  transaction,
} from '@headwater/core'

const { postgres, redis } = connectOptionsFromEnv(process.env)
// As long as a busy machine may need: the default is made for production.
const stores = orThrow(await connect({ postgres, redis: { ...redis, deadlineMs: 10_000 } }))
orThrow(await migrate(stores))

const sessions = createSessions<number, { role: string }>(stores, { ttlMs: 30 * 60_000 })

const started = orThrow(await sessions.create({ userId: 5, data: { role: 'student' } }))
const session = orThrow(await sessions.touch(started.token))
console.log(session?.userId, session?.data.role) // 5 student

const renewed = orThrow(await sessions.rotate(started.token))
console.log(orThrow(await sessions.get(started.token))) // undefined
console.log(orThrow(await sessions.list(5)).length) // 1

const changed = await transaction(stores, async (tx) => {
  // UPDATE the password here: the revocation commits with it, or not at all.
  return ok(await sessions.revokeAllWithin(tx, 5))
})
console.log(orThrow(await orThrow(changed).apply())) // 1
console.log(orThrow(await sessions.get(renewed?.token ?? ''))) // undefined

const downloads = createRateLimiter(stores, { name: 'download', limit: 2, windowMs: 60_000 })
const answers = [await downloads.take(5), await downloads.take(5), await downloads.take(5)]
console.log(answers.map(({ success }) => success)) // [ true, true, false ]
console.log(answers[2]?.remaining) // 0

const attempts = createRateLimits(stores, {
  limits: { account: { limit: 1 }, address: { limit: 30 } },
  onUnavailable: 'in-memory',
})
const subjects = { account: 'ada@example.org', address: addressSubject('2001:db8::5') }
await attempts.take(subjects)
console.log((await attempts.take(subjects)).refusedBy) // [ 'account' ]
orThrow(await attempts.reset({ account: 'ada@example.org' }))

orThrow(await stores.close())
