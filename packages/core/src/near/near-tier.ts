import { setImmediate } from 'node:timers'
import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { Nonces } from '../stores/redis/nonces.ts'
import { MessageLink } from '../stores/redis/message-link.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import { Announcements } from './announcements.ts'
import { MemberNames } from './member-names.ts'
import { Membership, type Trust } from './membership.ts'
import { RecentChanges } from './recent-changes.ts'

/** Dependencies of a {@link NearTier}. */
export interface NearTierDeps {
  readonly redis: RedisStore
  readonly trust: Trust
  readonly nonces: Nonces
  readonly clock: Clock
  readonly diagnostics: Diagnostics
}

/** Values that one cache of this process keeps itself. */
export interface NearValues {
  /** Drops the value of a key and of those that have it as a tag; returns how many there were. */
  drop(key: string): number
  /** Drops everything. */
  clear(): void
}

/**
 * The part of one process in the near tier: as a member it may answer with values of its own, as a
 * writer it waits until no member answers with what it is about to change.
 *
 * After leases (Gray and Cheriton, SOSP 1989). A writer holds its keys in Redis first, then
 * announces them, and commits when each member has dropped them or has no right to answer any more.
 * A member keeps a value only if it was one throughout the read of it from Redis, and heard of no
 * change of its keys meanwhile: a read that begins after the hold finds the hold.
 */
export class NearTier {
  readonly changes = new RecentChanges()
  readonly membership: Membership
  readonly #deps: NearTierDeps
  readonly #names: MemberNames
  readonly #link: MessageLink
  readonly #announcements: Announcements
  readonly #values = new Set<NearValues>()
  readonly #toAcknowledge = new Map<string, number[]>()
  #acknowledging: NodeJS.Immediate | undefined

  constructor(deps: NearTierDeps) {
    const names = new MemberNames(deps.redis.keyPrefix)
    this.#deps = deps
    this.#names = names
    this.#link = new MessageLink(deps.redis, names.slotKey, {
      onMessage: (text, channel) => {
        this.#hear(text, channel)
      },
      onLost: () => {
        this.membership.leave('connection-lost')
      },
      onError: (error) => {
        deps.diagnostics.emit('store:error', { store: 'redis', error })
      },
    })
    this.membership = new Membership({
      ...deps,
      link: this.#link,
      names,
      changes: this.changes,
      dropAll: () => {
        for (const values of this.#values) values.clear()
      },
    })
    this.#announcements = new Announcements({
      ...deps,
      names,
      dropHere: (keys) => {
        this.#drop(keys)
      },
    })
    void this.#link.subscribe(names.acknowledgementsOf(deps.nonces.process))
  }

  /** Adds values that end when their keys change. */
  add(values: NearValues): void {
    this.#values.add(values)
  }

  /** Resolves once acknowledgements arrive: a writer that hears of none waits for every member. */
  get ready(): Promise<void> {
    return this.#link.connected
  }

  /** Announces changes of keys that are held; see {@link Announcements.announce}. */
  announce(keys: readonly string[]): Promise<boolean> {
    return this.#announcements.announce(keys)
  }

  /** Gives up the membership and closes the connection. */
  async close(): Promise<void> {
    await this.membership.close()
    this.#link.close()
  }

  #hear(text: string, channel: string): void {
    try {
      this.#read(text, channel)
    } catch {
      // Whatever it was about may have changed.
      this.membership.leave('unreadable')
    }
  }

  #read(text: string, channel: string): void {
    const [process, ...rest] = JSON.parse(text) as [string, ...unknown[]]
    if (channel === this.#names.acknowledgementsOf(this.#deps.nonces.process)) {
      this.#announcements.acknowledge(process, rest as number[])
      return
    }
    const [change, ...keys] = rest as [number, ...string[]]
    this.#drop(keys)
    this.#acknowledge(process, change)
  }

  #drop(keys: readonly string[]): void {
    const { redis, diagnostics } = this.#deps
    let count = 0
    for (const text of keys) {
      const key = redis.keyPrefix + text
      this.changes.note(key)
      for (const values of this.#values) count += values.drop(key)
    }
    if (count > 0 && diagnostics.isHeard('near:drop')) diagnostics.emit('near:drop', { count })
  }

  /** One message per writer acknowledges all changes of this turn of the event loop. */
  #acknowledge(writer: string, change: number): void {
    if (writer === this.#deps.nonces.process) return
    const changes = this.#toAcknowledge.get(writer)
    if (changes === undefined) this.#toAcknowledge.set(writer, [change])
    else changes.push(change)
    this.#acknowledging ??= setImmediate(() => {
      this.#sendAcknowledgements()
    })
  }

  #sendAcknowledgements(): void {
    this.#acknowledging = undefined
    for (const [writer, changes] of this.#toAcknowledge) {
      const message = JSON.stringify([this.#deps.nonces.process, ...changes])
      void this.#link.run((client) =>
        client.publish(this.#names.acknowledgementsOf(writer), message),
      )
    }
    this.#toAcknowledge.clear()
  }
}
