import { eventually, type RedisServer } from '@headwater/testing'
import { rest, type Span } from '../../run/play.ts'
import { ask } from './on-node.ts'

/** Time for a cluster to become whole again, on a busy machine too. */
const patience = { timeoutMs: 60_000, intervalMs: 50 } as const
/** A failover that was not agreed upon is begun anew after so long. */
const agreement = { timeoutMs: 60_000, intervalMs: 500 } as const
const gone: Span = { leastMs: 50, mostMs: 1_200 }
const restart: Span = { leastMs: 0, mostMs: 300 }
const lag: Span = { leastMs: 100, mostMs: 1_000 }
const hung: Span = { leastMs: 20, mostMs: 1_500 }

/**
 * FLUSHALL, unless a key is held. A server that loses an acknowledged hold without a restart is
 * excluded from the promise of the cache.
 */
const flushUnlessHeld = `
for _, key in ipairs(redis.call('KEYS', '*')) do
  local state = redis.pcall('GET', key)
  if type(state) == 'string' and string.sub(state, 1, 3) == 'h1 ' then return 0 end
end
redis.call('FLUSHALL')
return 1`

interface Roles {
  readonly master: RedisServer
  readonly replica: RedisServer
}

/** A part of a cluster: a master and its replica, which change places. */
export class Shard {
  readonly #servers: readonly RedisServer[]

  constructor(...servers: readonly [RedisServer, RedisServer]) {
    this.#servers = servers
  }

  /** Resolves once the master serves and the replica receives what it writes. */
  async whole(): Promise<Roles> {
    return eventually(async () => {
      const roles = await Promise.all(this.#servers.map((server) => ask(server, 'ROLE')))
      const master = this.#servers[roles.findIndex((role) => role.startsWith('master'))]
      const replica = this.#servers[roles.findIndex((role) => /^slave.*,connected,/.test(role))]
      if (master === undefined || replica === undefined) return false
      const info = await ask(master, 'CLUSTER', 'INFO')
      return info.includes('cluster_state:ok') && { master, replica }
    }, patience)
  }

  /** The replica takes over from a master that is well: nothing is lost. */
  async failOver(): Promise<void> {
    const { master, replica } = await this.whole()
    await eventually(async () => {
      if (await isReplica(replica)) await ask(replica, 'CLUSTER', 'FAILOVER')
      return isReplica(master)
    }, agreement)
  }

  /** The master is killed and its replica takes over; the killed one returns as a replica. */
  async takeOver(): Promise<void> {
    const { master, replica } = await this.whole()
    await master.kill()
    await this.#takeOver(master, replica)
  }

  /** The same with a replica that has not received the last writes. */
  async takeOverLate(): Promise<void> {
    const takeOver = await this.fallBehind()
    await takeOver()
  }

  /** The replica receives no more writes from now on; it takes over by what is returned. */
  async fallBehind(): Promise<() => Promise<void>> {
    const { master, replica } = await this.whole()
    await holdReplication(replica)
    await rest(lag)
    return async () => {
      await master.kill()
      await this.#takeOver(master, replica)
    }
  }

  /** The master is killed, and the others elect its replica, after some seconds. */
  async elect(): Promise<void> {
    const { master, replica } = await this.whole()
    await master.kill()
    await eventually(async () => !(await isReplica(replica)), patience)
    await master.restart()
  }

  /** The master is killed and restarted without the writes of its last second. */
  async returnOlder(): Promise<void> {
    const { master } = await this.whole()
    await master.snapshot()
    await rest(lag)
    await master.kill()
    await rest(restart)
    await master.restart({ keepData: true })
    await this.whole()
  }

  /** The master is killed and restarted empty. */
  async returnEmpty(): Promise<void> {
    const { master } = await this.whole()
    await master.kill()
    await rest(restart)
    await master.restart()
    await this.whole()
  }

  /** The master stops and goes on before its replica takes over. */
  async hang(): Promise<void> {
    const { master } = await this.whole()
    await master.pause()
    await rest(hung)
    await master.resume()
  }

  /** The master loses everything but holds. */
  async flush(): Promise<void> {
    const { master } = await this.whole()
    await eventually(async () => (await ask(master, 'EVAL', flushUnlessHeld, '0')) === '1', {
      ...patience,
      intervalMs: 2,
    })
  }

  async #takeOver(master: RedisServer, replica: RedisServer): Promise<void> {
    await ask(replica, 'CLUSTER', 'FAILOVER', 'TAKEOVER')
    await rest(gone)
    await ask(replica, 'CONFIG', 'SET', 'masterauth', '')
    await master.restart()
    await this.whole()
  }
}

async function isReplica(server: RedisServer): Promise<boolean> {
  return (await ask(server, 'ROLE')).startsWith('slave')
}

/** With a password that is wrong it replicates nothing. */
async function holdReplication(replica: RedisServer): Promise<void> {
  await ask(replica, 'CONFIG', 'SET', 'masterauth', 'wrong')
  await ask(replica, 'CLIENT', 'KILL', 'TYPE', 'master')
}
