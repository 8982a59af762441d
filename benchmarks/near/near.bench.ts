// The near tier: hits that ask nobody, against hits on Redis and other caches in memory; and what
// they cost: commits that wait for the members, commands of idle members, memory.
import { bench } from '../measure/bench.ts'
import { runContest } from '../measure/contest.ts'
import { commitsWith } from './commits.ts'
import { nearContests } from './hits.ts'
import { idleCommandsPerSecond } from './idle.ts'
import { Members } from './members.ts'
import { memoryPerEntry } from './memory.ts'
import { type NearFixture, openNearFixture } from './near-fixture.ts'

const [few, many] = [4, 16]

await bench(async (options) => {
  const fixture = await openNearFixture(options)
  try {
    return {
      ...(await hits(fixture, options)),
      ...(await writes(fixture)),
      ...(await memory(fixture)),
    }
  } finally {
    await fixture.close()
  }
})

async function hits(
  fixture: NearFixture,
  { isJson }: { readonly isJson: boolean },
): Promise<Record<string, number>> {
  const { together, inARow, close } = await nearContests(fixture)
  const figures: Record<string, number> = {}
  for (const [name, contest] of Object.entries(together))
    figures[name] = (await runContest(name, contest, { isProfiled: !isJson })).timesFaster
  const course = await runContest('nearHit', inARow.course, { isProfiled: !isJson })
  const plain = await runContest('nearHitPlain', inARow.plain, { isProfiled: !isJson })
  const peek = await runContest('peek', inARow.peek, { isProfiled: !isJson })
  await close()
  return {
    ...figures,
    nearVsLruCache: course.timesFaster,
    nearHitUs: course.oursUs,
    nearHitPlainUs: plain.oursUs,
    peekUs: peek.oursUs,
  }
}

async function writes(fixture: NearFixture): Promise<Record<string, number>> {
  const members = new Members()
  try {
    await members.startUntil(few, fixture)
    const beforeJoining = await idleCommandsPerSecond(fixture.redisUrl)
    const withFew = await commitsWith(fixture, members, 'few')
    const asMembers = await idleCommandsPerSecond(fixture.redisUrl)
    await members.startUntil(many, fixture)
    const withMany = await commitsWith(fixture, members, 'many')
    return {
      commitWithMembers: withFew.ratio,
      commitWithMembersP99Ms: withFew.p99Ms,
      commitWith16Members: withMany.ratio,
      idleCommandsPerMember: (asMembers - beforeJoining) / few,
    }
  } finally {
    await members.stop()
  }
}

async function memory(fixture: NearFixture): Promise<Record<string, number>> {
  const { near, nearPeeked, lru } = await memoryPerEntry(fixture)
  return { memoryPerEntry: near, memoryPerEntryPeeked: nearPeeked, memoryPerEntryLru: lru }
}
