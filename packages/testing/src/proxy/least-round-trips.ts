import { setImmediate } from 'node:timers/promises'
import { eventually } from '../eventually.ts'
import type { FaultProxy } from './fault-proxy.ts'

const runs = 5
// Longer than the 50 ms in which what was committed last is told beside other traffic: sooner, a
// run would count what its preparation left to tell.
const quietMs = 60
const turns = 5

/**
 * Counts the round trips of an operation through proxies, by store: the minimum of five runs,
 * because a client's own periodic traffic is not part of the operation. `prepare` sets up each run
 * and returns the operation. Work that continues after the answer, such as a release or a fill,
 * counts as well: each run ends once all proxies are idle with nothing unanswered.
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
    await untilQuiet(Object.values(proxies))
    const before = counts()
    await operation()
    await untilQuiet(Object.values(proxies))
    for (const [index, count] of counts().entries())
      least[index] = Math.min(least[index] ?? Infinity, count - (before[index] ?? 0))
  }
  return Object.fromEntries(stores.map((store, index) => [store, least[index]])) as Record<
    Store,
    number
  >
}

async function untilQuiet(proxies: readonly FaultProxy[]): Promise<void> {
  let last = ''
  await eventually(
    async () => {
      // After a pause of this process its timers are first, and what has arrived meanwhile is read
      // in the turns that follow.
      for (let turn = 0; turn < turns; turn += 1) await setImmediate()
      const now = proxies.map((proxy) => proxy.roundTrips()).join()
      const isQuiet = now === last && proxies.every(({ unanswered }) => unanswered === 0)
      last = now
      return isQuiet
    },
    { intervalMs: quietMs, timeoutMs: 20_000 },
  )
}
