import { orThrow } from '@headwater/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  begin,
  endAll,
  faultNames,
  outageNames,
  type Fault,
  type Outage,
} from './degradation/faults.ts'
import { allowed, outcomeOf, type Expected } from './degradation/outcome.ts'
import {
  expectWhole,
  openDegradationFixture,
  type DegradationFixture,
} from './degradation/degradation-fixture.ts'
import { startPlatform, type Platform } from './platform-fixture.ts'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform({
    statementTimeoutMs: 5_000,
    redisDeadlineMs: 1_500,
    legDeadlineMs: 5_000,
  })
})
afterAll(async () => {
  await platform.close()
})

describe.each(outageNames)('With %s', (outage) => {
  describe.each(faultNames)('%s', (fault) => {
    let fixture: DegradationFixture
    let restarted: Promise<void>
    const expected = (ofOutages: Partial<Record<Outage, Expected>>): Expected =>
      expectedOf(ofOutages[outage] ?? 'works', fault)
    const isAway = (name: Outage): boolean =>
      outage === name && (fault === 'down' || fault === 'hung')

    beforeAll(async () => {
      fixture = await openDegradationFixture(platform)
      restarted = begin(platform, outage, fault)
      if (fault !== 'restarting') await restarted
    })
    afterAll(() => {
      endAll(platform)
    })

    it(`With ${outage} ${fault}, a read answers from the cache, else from PostgreSQL`, async () => {
      expect(allowed('works')).toContain(outcomeOf(await platform.courses.get(fixture.cached.id)))
      expect(allowed(expected({ PostgreSQL: 'unavailable' }))).toContain(
        outcomeOf(await platform.courses.get(fixture.uncached.id)),
      )
    })

    it(`With ${outage} ${fault}, a write succeeds or fails as a whole`, async () => {
      const writes = expected({ PostgreSQL: 'unavailable' })
      const name = `${outage}-${fault}`.toLowerCase().replaceAll(' ', '-')
      expect(allowed(writes)).toContain(
        outcomeOf(
          await platform.users.create({
            email: `${name}@example.org`,
            username: name,
            passwordHash: 'hash',
          }),
        ),
      )
      const enrolled = await platform.enrollments.enroll({
        userId: fixture.student.id,
        courseId: fixture.cached.id,
      })
      expect(allowed(writes)).toContain(outcomeOf(enrolled))
      if (enrolled.isOk()) fixture.enrolled.push(fixture.student.id)
      expect(allowed(writes)).toContain(
        outcomeOf(await platform.courses.update(fixture.uncached.id, { description: name })),
      )
    })

    it(`With ${outage} ${fault}, a search answers from the cache, by the remaining leg, or with an error`, async () => {
      const known = orThrow(await platform.search.search(fixture.query))
      expect(known.hits.map((hit) => hit.course.id)).toContain(fixture.cached.id)
      const fresh = await platform.search.search(`the ${fixture.query}`)
      expect(allowed(expected({ PostgreSQL: 'either' }))).toContain(outcomeOf(fresh))
      if (isAway('PostgreSQL') && fresh.isOk())
        expect(fresh.value).toMatchObject({ mode: 'semantic', degraded: [{ leg: 'lexical' }] })
      if (isAway('Pinecone and OpenAI'))
        expect(orThrow(fresh)).toMatchObject({ mode: 'lexical', degraded: [{ leg: 'dense' }] })
    })

    it(`With ${outage} ${fault}, activity is recorded at once`, () => {
      const taken = platform.activity.record({
        userId: fixture.student.id,
        type: 'outage.played',
        data: { query: fixture.query },
      })
      fixture.recorded.push(orThrow(taken))
    })

    it(`With ${outage} ${fault}, a session is found or is an error, and an unknown token is never valid`, async () => {
      const sessions = expected({ Redis: 'unavailable' })
      const found = await platform.sessions.get(fixture.session.token)
      expect(allowed(sessions)).toContain(outcomeOf(found))
      // A Redis that has returned already has lost what it kept in memory only.
      const mayBeLost = outage === 'Redis' && fault === 'restarting'
      if (found.isOk() && !(mayBeLost && found.value === undefined))
        expect(found.value?.userId).toBe(fixture.student.id)
      expect(allowed(sessions)).toContain(
        outcomeOf(await platform.sessions.create({ userId: fixture.student.id })),
      )
      expect((await platform.sessions.get('A'.repeat(43))).unwrapOr(undefined)).toBeUndefined()
    })

    it(`With ${outage} ${fault}, a session can be revoked as long as PostgreSQL answers`, async () => {
      const revoked = await platform.sessions.revoke(fixture.revocable.token)
      expect(allowed(expected({ PostgreSQL: 'unavailable', Redis: 'either' }))).toContain(
        outcomeOf(revoked),
      )
      if (revoked.isOk()) fixture.revoked.push(fixture.revocable.token)
    })

    it(`With ${outage} ${fault}, a rate limit limits, or follows its option for outages of Redis`, async () => {
      const { allow, deny, inMemory } = fixture.limiters
      const answers = async (limiter: typeof allow): Promise<boolean[]> => {
        const taken = [
          await limiter.take('user-1'),
          await limiter.take('user-1'),
          await limiter.take('user-1'),
        ]
        return taken.map(({ success }) => success)
      }
      const limited = [true, true, false]
      if (outage === 'Redis' && fault === 'restarting') return
      expect(await answers(allow)).toEqual(isAway('Redis') ? [true, true, true] : limited)
      expect(await answers(deny)).toEqual(isAway('Redis') ? [false, false, false] : limited)
      expect(await answers(inMemory)).toEqual(limited)
    })

    it(`After ${outage} was ${fault}, every acknowledged change exists once and no stale value is served`, async () => {
      endAll(platform)
      await restarted
      await expectWhole(platform, fixture)
    })
  })
})

/** A slow store still works; a restarting one may be met before or after its return. */
function expectedOf(whileAway: Expected, fault: Fault): Expected {
  if (fault === 'slow') return 'works'
  return fault === 'restarting' && whileAway !== 'works' ? 'either' : whileAway
}
