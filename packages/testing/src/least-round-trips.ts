import { eventually } from './eventually.ts'
import type { FaultProxy } from './fault-proxy.ts'

const runs = 5
const quietMs = 40

/**
 * Counts the round trips of an operation through proxies, by store: the least of five runs, since what clients do by themselves between is not the
 * operation's. `prepare` sets each run up and gives back the operation. What follows an answer, such as a release or a fill, counts as well: each run
 * ends when all proxies have been left alone for a moment.
 */
export async function leastRoundTrips<Store extends string>(
  proxies: Readonly<Record<Store, FaultProxy>>,
  prepare: () => Promise<() => Promise<unknown>>,
): Promise<Record<Store, number>> {
  const stores = Object.keys(proxies) as Store[]
  const counts = (): number[] => stores.map((store) => proxies[store].roundTrips())
  const least = stores.map(() => Infinity)
  for (let run = 0; run < runs; run += 1) {
    const operation = await prepare()
    await untilQuiet(counts)
    const before = counts()
    await operation()
    await untilQuiet(counts)
    for (const [index, count] of counts().entries()) least[index] = Math.min(least[index] ?? Infinity, count - (before[index] ?? 0))
  }
  return Object.fromEntries(stores.map((store, index) => [store, least[index]])) as Record<Store, number>
}

async function untilQuiet(counts: () => readonly number[]): Promise<void> {
  let last = ''
  await eventually(() => {
    const now = counts().join()
    const isQuiet = now === last
    last = now
    return isQuiet
  }, { intervalMs: quietMs })
}
