import { nowNs } from '../cache/ledger.ts'
import { rest, type Span } from '../run/play.ts'
import { say } from '../run/say.ts'
import { receive } from './operator.ts'
import type { Pair } from './pair.ts'
import type { Promotion } from './promotion.ts'
import type { SentinelGroup } from './sentinel-group.ts'

const working: Span = { leastMs: 600, mostMs: 2_500 }
/** Some are longer than a transaction may take. */
const held: Span = { leastMs: 300, mostMs: 3_000 }

/** The servers of a soak. */
export interface Servers {
  readonly pair: Pair
  readonly redis: SentinelGroup
}

interface Epoch extends Pick<Promotion, 'mode' | 'isHeld'> {
  readonly failsRedisOver?: true
}

/**
 * The epochs by their number, again and again: of two synchronous ones one ends with a replication
 * that is held, so that commits wait for the standby in vain. In one of the four Redis moves to its
 * replica as well.
 */
const plan: readonly Epoch[] = [
  { mode: 'synchronous', isHeld: false, failsRedisOver: true },
  { mode: 'asynchronous', isHeld: true },
  { mode: 'synchronous', isHeld: true },
  { mode: 'asynchronous', isHeld: true },
]

/**
 * Kills the primary and promotes its standby again and again for `ms` milliseconds, at least once
 * in each mode. Returns the promotions; the last primary is alone then.
 */
export async function failOver(servers: Servers, ms: number): Promise<Promotion[]> {
  const promotions: Promotion[] = []
  const endMs = performance.now() + ms
  while (performance.now() < endMs || promotions.length < 2)
    promotions.push(await endEpoch(servers, promotions.length))
  return promotions
}

async function endEpoch({ pair, redis }: Servers, number: number): Promise<Promotion> {
  const { mode, isHeld, failsRedisOver } = plan[number % plan.length] as Epoch
  const beganAt = nowNs()
  await pair.addStandby()
  if (mode === 'synchronous') await pair.makeSynchronous()
  if (failsRedisOver === true) await redis.failOver()
  const standbyAt = nowNs()
  await rest(working)
  if (isHeld) {
    pair.hold()
    await rest(held)
  }
  const killedAt = nowNs()
  await pair.killPrimary()
  await pair.promote(number + 1)
  const isSaid = await receive({ mode, postgresUrl: pair.primaryUrl, sentinels: redis.addresses })
  const openedAt = nowNs()
  pair.moveFront()
  const [preparing, failing] = [standbyAt - beganAt, openedAt - killedAt].map(secondsOf)
  say(`  ${mode}${isHeld ? ', held' : ''}: a standby in ${preparing}, a primary in ${failing}`)
  return { mode, isHeld, killedAt, openedAt, isSaid }
}

function secondsOf(ns: number): string {
  return `${(ns / 1e9).toFixed(1)} s`
}
