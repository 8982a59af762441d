import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import { batchesOf } from '../in-batches.ts'
import { type Nonces, processOf } from '../stores/redis/nonces.ts'
import { startTimer } from '../resilience/timer.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import { Change } from './change.ts'
import { cacheOf, type MemberNames } from './member-names.ts'
import { announce, type Members, remove, settle } from './member-scripts.ts'
import { memberMs } from './near-options.ts'

/** Dependencies of {@link Announcements}. */
export interface AnnouncementsDeps {
  readonly redis: RedisStore
  readonly names: MemberNames
  readonly nonces: Nonces
  readonly clock: Clock
  readonly diagnostics: Diagnostics
  /** Drops the values of keys that this process keeps itself. */
  readonly dropHere: (keys: readonly string[]) => void
}

const keysAtOnce = 500
const changesAtOnce = 10

/**
 * Tells the members which keys are about to change, and waits until each of them has dropped them,
 * or no longer has the right to answer.
 */
export class Announcements {
  readonly #deps: AnnouncementsDeps
  readonly #waiting = new Map<number, Change>()
  #last = 0

  constructor(deps: AnnouncementsDeps) {
    this.#deps = deps
  }

  /**
   * Announces changes of keys that are held. Resolves with whether no process will answer with a
   * value of theirs that is older than the holds; `false` when it is not known who the members are.
   * Never rejects. One round trip for the keys of ten caches, and the wait.
   */
  async announce(keys: readonly string[]): Promise<boolean> {
    const announced: Promise<boolean>[] = []
    for (const changes of batchesOf(this.#changesOf(keys), { maxItems: changesAtOnce })) {
      const members = await this.#publish(changes)
      announced.push(...changes.map((change, at) => this.#wait(change, members?.[at])))
      if (members === undefined) break
    }
    return (await Promise.all(announced)).every(Boolean)
  }

  /** Notes that a process has dropped the keys of changes. */
  acknowledge(process: string, changes: readonly number[]): void {
    for (const number of changes) this.#waiting.get(number)?.acknowledge(process)
  }

  #changesOf(keys: readonly string[]): readonly Change[] {
    const byCache = Map.groupBy(keys, cacheOf)
    return [...byCache].flatMap(([cache, all]) =>
      [...batchesOf(all, { maxItems: keysAtOnce })].map((some) => {
        this.#last += 1
        return new Change(cache, this.#last, some)
      }),
    )
  }

  async #publish(changes: readonly Change[]): Promise<readonly Members[] | undefined> {
    const { redis, names, nonces } = this.#deps
    const messages = changes.map(({ cache, number, keys }) => ({
      hash: names.hashOf(cache),
      channel: names.channelOf(cache),
      text: JSON.stringify([nonces.process, number, ...keys]),
    }))
    // An acknowledgement may overtake the reply.
    for (const change of changes) this.#waiting.set(change.number, change)
    const characters = messages.reduce((sum, { text }) => sum + text.length, 0)
    const reply = await redis.run(
      'announce',
      (client) => announce(client, messages, nonces.next()),
      { characters },
    )
    return reply.unwrapOr(undefined)
  }

  /** Waits for the members that were listed when a change was published. */
  async #wait(change: Change, members: Members | undefined): Promise<boolean> {
    const { clock, diagnostics, dropHere, nonces } = this.#deps
    const startedAt = clock.monotonic()
    dropHere(change.keys)
    change.acknowledge(nonces.process)
    if (members !== undefined) await this.#untilDropped(change, members)
    this.#waiting.delete(change.number)
    if (members === undefined) return false
    const { renewals, isSettled } = members
    if (renewals.size > 0 || !isSettled)
      diagnostics.emit('near:wait', {
        cache: change.cache,
        members: renewals.size,
        missing: change.missing,
        durationMs: clock.monotonic() - startedAt,
      })
    return true
  }

  /** A hash that is young may lack members of the one before it: they are waited out. */
  async #untilDropped(change: Change, members: Members): Promise<void> {
    const dropped = change.waitFor(new Set([...members.renewals.keys()].map(processOf)))
    const { promise: lastLease, resolve } = Promise.withResolvers<void>()
    const cancel = startTimer(memberMs, resolve)
    await (members.isSettled ? Promise.race([dropped, lastLease]) : lastLease)
    cancel()
    if (!members.isSettled) this.#settle(members)
    if (change.missing > 0) this.#removeMissing(change, members)
  }

  /** Spares the next writers the wait. */
  #settle(members: Members): void {
    void this.#deps.redis.run('settle', (client) => settle(client, members)).unwrapOr(undefined)
  }

  #removeMissing(change: Change, { hash, renewals }: Members): void {
    const { redis, diagnostics } = this.#deps
    for (const renewal of renewals) {
      if (change.isAcknowledgedBy(processOf(renewal[0]))) continue
      void redis
        .run('remove member', (client) => remove(client, hash, renewal))
        .map((isRemoved) => {
          if (isRemoved) diagnostics.emit('near:removed', { cache: change.cache })
        })
        .unwrapOr(undefined)
    }
  }
}
