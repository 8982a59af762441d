import type { Profiler } from 'node:inspector'
import { Session } from 'node:inspector/promises'

/**
 * The parts of a program, by the function and the file of a stack frame; the first match counts.
 */
const parts: readonly (readonly [RegExp, string])[] = [
  [/^post node:inspector/, ''],
  [/^\(idle\)/, 'waiting for the server'],
  [/^\(garbage collector\)/, 'garbage collection'],
  [/^\(program\)|^\S* $/, 'system calls and V8'],
  [/^(read .*\/cache\/memo\/entry-memo\.ts|parsed .*\/raw-redis\.ts)$/, 'JSON.parse'],
  [/ node:/, 'Node.js'],
  [/\/packages\/(core|repositories|search)\//, 'Headwater'],
  [/\/examples\//, 'the example'],
  [/\/neverthrow/, 'neverthrow'],
  [/@redis\/|\/redis\//, 'node-redis'],
  [/ioredis|redis-parser/, 'ioredis'],
  [/\/graphile-worker/, 'Graphile Worker'],
  [/\/pg-boss/, 'pg-boss'],
  [/\/pg/, 'pg'],
  [/\/mongodb|\/bson/, 'mongodb'],
  [/\/openai|pinecone|undici/, 'OpenAI and Pinecone'],
  [/\/zod/, 'zod'],
  [
    /\/(express|router|body-parser|send|qs|finalhandler|etag|fresh|accepts|content-type|type-is)/,
    'Express',
  ],
  [/\/benchmarks\//, 'the caller'],
]

const sampleEveryUs = 200

/** Runs something under the profiler and returns each part's share of this process's time. */
export async function profileOf(run: () => Promise<unknown>): Promise<ReadonlyMap<string, number>> {
  const end = await startProfile()
  await run()
  return partsOf(await end())
}

/** Starts the profiler; the function that it returns ends it. */
export async function startProfile(): Promise<() => Promise<Profiler.Profile>> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: sampleEveryUs })
  await session.post('Profiler.start')
  return async () => {
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    return profile
  }
}

/** Each part's share of the time of a profile. */
export function partsOf(profile: Profiler.Profile): ReadonlyMap<string, number> {
  const partOf = new Map(
    profile.nodes.map((node) => [
      node.id,
      partNamed(`${node.callFrame.functionName} ${node.callFrame.url}`),
    ]),
  )
  const spent = new Map<string, number>()
  for (const [index, id] of (profile.samples ?? []).entries()) {
    const part = partOf.get(id) ?? 'other'
    if (part !== '') spent.set(part, (spent.get(part) ?? 0) + (profile.timeDeltas?.[index] ?? 0))
  }
  const total = [...spent.values()].reduce((sum, time) => sum + time, 0)
  return new Map([...spent].map(([part, time]) => [part, time / total]))
}

function partNamed(place: string): string {
  return parts.find(([pattern]) => pattern.test(place))?.[1] ?? 'other'
}
