import { Session } from 'node:inspector/promises'

/**
 * The parts of a program, by the function and the file of a stack frame; the first match counts.
 */
const parts: readonly (readonly [RegExp, string])[] = [
  [/^post node:inspector/, ''],
  [/^\(idle\)/, 'waiting for the server'],
  [/^\(garbage collector\)/, 'garbage collection'],
  [/^\(program\)|^\S* $/, 'system calls and V8'],
  [/^(read .*\/cache\/parse-memo\.ts|parsed .*\/raw-redis\.ts)$/, 'JSON.parse'],
  [/ node:/, 'Node.js'],
  [/\/packages\/core\//, 'Headwater'],
  [/\/neverthrow/, 'neverthrow'],
  [/@redis\/|\/redis\//, 'node-redis'],
  [/ioredis|redis-parser/, 'ioredis'],
  [/\/graphile-worker/, 'Graphile Worker'],
  [/\/pg-boss/, 'pg-boss'],
  [/\/pg/, 'pg'],
  [/\/benchmarks\//, 'the caller'],
]

const sampleEveryUs = 200

/** Runs something under the profiler and returns each part's share of this process's time. */
export async function profileOf(run: () => Promise<unknown>): Promise<ReadonlyMap<string, number>> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: sampleEveryUs })
  await session.post('Profiler.start')
  await run()
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
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
