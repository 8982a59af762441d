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
import { expectWhole, setScene, type Scene } from './degradation/scene.ts'
import { startPlatform, type Platform } from './platform.ts'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform({ statementTimeoutMs: 1_000 })
})
afterAll(async () => {
  await platform.close()
})

describe.each(outageNames)('%s', (outage) => {
  describe.each(faultNames)('%s', (fault) => {
    let scene: Scene
    let restarted: Promise<void>
    const expected = (ofOutages: Partial<Record<Outage, Expected>>): Expected =>
      expectedOf(ofOutages[outage] ?? 'works', fault)
    const isAway = (name: Outage): boolean =>
      outage === name && (fault === 'down' || fault === 'hung')

    beforeAll(async () => {
      scene = await setScene(platform)
      restarted = begin(platform, outage, fault)
      if (fault !== 'restarting') await restarted
    })
    afterAll(() => {
      endAll(platform)
    })

    it('courses and users are read: from the cache, else from PostgreSQL', async () => {
      expect(allowed('works')).toContain(outcomeOf(await platform.courses.get(scene.cached.id)))
      expect(allowed(expected({ PostgreSQL: 'unavailable' }))).toContain(
        outcomeOf(await platform.courses.get(scene.uncached.id)),
      )
    })

    it('users register, enroll and courses are updated, or nothing is half done', async () => {
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
        userId: scene.student.id,
        courseId: scene.cached.id,
      })
      expect(allowed(writes)).toContain(outcomeOf(enrolled))
      if (enrolled.isOk()) scene.enrolled.push(scene.student.id)
      expect(allowed(writes)).toContain(
        outcomeOf(await platform.courses.update(scene.uncached.id, { description: name })),
      )
    })

    it('searches answer: with what is cached, by words alone, or with an error', async () => {
      const known = orThrow(await platform.search.search(scene.query))
      expect(known.hits.map((hit) => hit.course.id)).toContain(scene.cached.id)
      const fresh = await platform.search.search(`the ${scene.query}`)
      expect(allowed(expected({ PostgreSQL: 'either' }))).toContain(outcomeOf(fresh))
      if (isAway('PostgreSQL') && fresh.isOk())
        expect(fresh.value).toMatchObject({ mode: 'semantic', degraded: [{ leg: 'lexical' }] })
      if (isAway('Pinecone and OpenAI'))
        expect(orThrow(fresh)).toMatchObject({ mode: 'lexical', degraded: [{ leg: 'dense' }] })
    })

    it('activity is taken at once', () => {
      const taken = platform.activity.record({
        userId: scene.student.id,
        type: 'scene.played',
        data: { query: scene.query },
      })
      scene.recorded.push(orThrow(taken))
    })

    it('sessions are sessions, or an error, and never valid by mistake', async () => {
      const sessions = expected({ Redis: 'unavailable' })
      const found = await platform.sessions.get(scene.session.token)
      expect(allowed(sessions)).toContain(outcomeOf(found))
      if (found.isOk()) expect(found.value?.userId).toBe(scene.student.id)
      expect(allowed(sessions)).toContain(
        outcomeOf(await platform.sessions.create({ userId: scene.student.id })),
      )
      expect((await platform.sessions.get('A'.repeat(43))).unwrapOr(undefined)).toBeUndefined()
    })

    it('a session is revoked once PostgreSQL knows of it', async () => {
      const revoked = await platform.sessions.revoke(scene.revocable.token)
      expect(allowed(expected({ PostgreSQL: 'unavailable', Redis: 'either' }))).toContain(
        outcomeOf(revoked),
      )
      if (revoked.isOk()) scene.revoked.push(scene.revocable.token)
    })

    it('rate limits limit, and do as configured while Redis is away', async () => {
      const { allow, deny, inMemory } = scene.limiters
      const answers = async (limiter: typeof allow): Promise<boolean[]> => {
        const taken = [
          await limiter.take('somebody'),
          await limiter.take('somebody'),
          await limiter.take('somebody'),
        ]
        return taken.map(({ success }) => success)
      }
      const limited = [true, true, false]
      if (outage === 'Redis' && fault === 'restarting') return
      expect(await answers(allow)).toEqual(isAway('Redis') ? [true, true, true] : limited)
      expect(await answers(deny)).toEqual(isAway('Redis') ? [false, false, false] : limited)
      expect(await answers(inMemory)).toEqual(limited)
    })

    it('afterwards nothing that was acknowledged is lost, nothing is there twice, and nothing old answers', async () => {
      endAll(platform)
      await restarted
      await expectWhole(platform, scene)
    })
  })
})

/** A slow store is a store; one that comes back may be met before or after. */
function expectedOf(whileAway: Expected, fault: Fault): Expected {
  if (fault === 'slow') return 'works'
  return fault === 'restarting' && whileAway !== 'works' ? 'either' : whileAway
}
