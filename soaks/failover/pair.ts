import { setTimeout } from 'node:timers/promises'
import {
  eventually,
  faultProxy,
  type FaultProxy,
  type PostgresServer,
  type PostgresStandby,
  startPostgresStandby,
} from '@headwater/testing'
import { onDatabase } from '../run/postgres-faults.ts'
import { versionsPerEpoch } from './promotion.ts'

const patience = { timeoutMs: 240_000 }
/** Files come and go while the data of a busy server are copied. */
const copies = 4
/** Until every backend has heard of a new setting. */
const reloadMs = 300

/**
 * A primary and its standby behind addresses that stay. The standby becomes the primary again and
 * again, and each new primary gets a standby of its own.
 */
export class Pair {
  /** The address of the primary, which is moved with a promotion as a virtual IP is. */
  readonly front: FaultProxy
  /** The address of the standby; of the primary while there is no standby. */
  readonly replicaFront: FaultProxy
  readonly #path: string
  #primary: PostgresServer
  #standby: PostgresStandby | undefined
  #replication: FaultProxy | undefined

  private constructor(
    primary: PostgresServer,
    path: string,
    fronts: { readonly front: FaultProxy; readonly replicaFront: FaultProxy },
  ) {
    this.#primary = primary
    this.#path = path
    this.front = fronts.front
    this.replicaFront = fronts.replicaFront
  }

  /** Begins with a primary alone, and the database at a URL on it. */
  static async open(primary: PostgresServer, databaseUrl: string): Promise<Pair> {
    const [front, replicaFront] = await Promise.all([
      faultProxy(databaseUrl),
      faultProxy(databaseUrl),
    ])
    return new Pair(primary, new URL(databaseUrl).pathname, { front, replicaFront })
  }

  /** The database on the primary itself, which the processes cannot reach by it. */
  get primaryUrl(): string {
    return this.#on(this.#primary)
  }

  /** Gives the primary a standby, and resolves once that has caught up. */
  async addStandby(): Promise<void> {
    this.#replication = await faultProxy(this.#primary.url)
    this.#standby = await startStandby(this.#primary, this.#replication.url)
    await this.#standby.catchUp()
    this.replicaFront.moveTo(this.#on(this.#standby))
  }

  /** From now on a commit is acknowledged only once the standby has it. */
  async makeSynchronous(): Promise<void> {
    await onDatabase(this.primaryUrl, async (client) => {
      await client.query(`ALTER SYSTEM SET synchronous_standby_names = '*'`)
      await client.query('SELECT pg_reload_conf()')
    })
    await eventually(() => this.#isSynchronous(), patience)
    await setTimeout(reloadMs)
    // Of what a backend committed before it had heard of it.
    await this.#standby?.catchUp()
  }

  /** Lets nothing reach the standby any more. */
  hold(): void {
    this.#replication?.hang()
  }

  /** Kills the primary. */
  async killPrimary(): Promise<void> {
    await this.#primary.kill()
  }

  /**
   * Makes the standby the primary, which no process can reach before {@link Pair.moveFront}. Its
   * versions begin at those of an epoch.
   */
  async promote(epoch: number): Promise<void> {
    const [old, standby, replication] = [this.#primary, this.#standby, this.#replication]
    if (standby === undefined) throw new Error('there is no standby to promote')
    await standby.promote()
    await onDatabase(this.#on(standby), (client) =>
      client.query(`SELECT setval('version', $1::bigint)`, [epoch * versionsPerEpoch]),
    )
    this.#primary = standby
    this.#standby = undefined
    await Promise.all([old.stop(), replication?.close()])
  }

  /** Moves the address to the primary, which processes can reach from now on. */
  moveFront(): void {
    this.front.moveTo(this.primaryUrl)
  }

  /** Stops both servers, and the addresses. */
  async close(): Promise<void> {
    const fronts = [this.front, this.replicaFront, this.#replication]
    for (const front of fronts) await front?.close()
    await this.#standby?.stop()
    await this.#primary.stop()
  }

  #on({ url }: PostgresServer): string {
    const own = new URL(url)
    own.pathname = this.#path
    return own.href
  }

  async #isSynchronous(): Promise<boolean> {
    return onDatabase(this.primaryUrl, async (client) => {
      const { rows } = await client.query<{ sync_state: string }>(
        'SELECT sync_state FROM pg_stat_replication',
      )
      return rows.some(({ sync_state }) => sync_state === 'sync')
    })
  }
}

async function startStandby(primary: PostgresServer, primaryUrl: string): Promise<PostgresStandby> {
  for (let left = copies; ; left -= 1) {
    try {
      return await startPostgresStandby(primary, { primaryUrl })
    } catch (error) {
      if (left === 1) throw error
    }
  }
}
