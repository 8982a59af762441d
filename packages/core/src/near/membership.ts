import type { Clock } from '../clock.ts'
import type { DiagnosticEvents, Diagnostics } from '../diagnostics.ts'
import type { Nonces } from '../stores/redis/nonces.ts'
import type { MessageLink } from '../stores/redis/message-link.ts'
import { isCluster } from '../stores/redis/redis-client.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import { remove, renew, type Renewed, settle } from './member-scripts.ts'
import type { MemberNames } from './member-names.ts'
import { marginMs, memberMs } from './near-options.ts'
import type { RecentChanges } from './recent-changes.ts'

/** Whether this process may trust what Redis holds, and what of it. */
export interface Trust {
  /** Whether reads may trust the cache. */
  readonly isOpen: boolean
  /** Names the server, its term and the last flush; `undefined` while it is unknown. */
  readonly cacheId: string | undefined
}

/** Dependencies of a {@link Membership}. */
export interface MembershipDeps {
  readonly link: MessageLink
  readonly redis: RedisStore
  readonly trust: Trust
  readonly changes: RecentChanges
  readonly names: MemberNames
  readonly nonces: Nonces
  readonly clock: Clock
  readonly diagnostics: Diagnostics
  /** Drops all values that are kept. */
  readonly dropAll: () => void
}

type LeaveReason = DiagnosticEvents['near:leave']['reason']

const renewEveryMs = memberMs / 3
/** So many caches, those of tags included, are renewed at once; further ones are not kept. */
const mostCaches = 256
/** The wall clock may be adjusted by so much between renewals; a jump is a suspended machine. */
const driftMs = 50

/**
 * The right of this process to answer with values of its own: a lease, renewed every third of
 * {@link memberMs} over the connection on which changes arrive.
 *
 * It ends {@link memberMs} after the moment at which the last accepted renewal was *sent*, less a
 * margin. Writers wait longer than that for a member that does not acknowledge, so a process that
 * stood still, or that cannot be reached, no longer answers when they commit.
 */
export class Membership {
  readonly #deps: MembershipDeps
  readonly #wanted = new Set<string>()
  readonly #joinedAt = new Map<string, number>()
  readonly #timer: NodeJS.Timeout
  #member: string | undefined
  #number = 0
  #cacheId: string | undefined
  #history: string | undefined
  #servesUntil = Number.NEGATIVE_INFINITY
  #wallOffset = 0
  #asking: Promise<void> | undefined
  #takingBack: Promise<void> | undefined
  #isClosed = false

  constructor(deps: MembershipDeps) {
    this.#deps = deps
    this.#timer = setInterval(() => {
      this.#ask()
    }, renewEveryMs)
    this.#timer.unref()
  }

  /** Whether kept values may answer at this moment: `now` is the monotonic time, just read. */
  mayServe(now: number): boolean {
    const { trust } = this.#deps
    if (now >= this.#servesUntil) return false
    if (!trust.isOpen || trust.cacheId !== this.#cacheId) {
      this.leave(trust.isOpen ? 'flushed' : 'gate-closed')
      return false
    }
    return this.#areClocksInPace(now) || this.#mayServeAfterAll()
  }

  /** Whether this process has been a member of a cache since a moment; joins it if it is none. */
  covers(name: string, since: number): boolean {
    const joinedAt = this.#joinedAt.get(name)
    if (joinedAt === undefined) this.#want(name)
    return joinedAt !== undefined && joinedAt <= since
  }

  /** Gives up the right, and drops what is kept. */
  leave(reason: LeaveReason): void {
    const { changes, diagnostics, dropAll } = this.#deps
    const member = this.#member
    if (member === undefined) return
    const wasMember = this.#joinedAt.size > 0
    this.#member = undefined
    this.#servesUntil = Number.NEGATIVE_INFINITY
    this.#joinedAt.clear()
    changes.noteAll()
    dropAll()
    this.#takingBack = this.#takeBack(member)
    if (wasMember) diagnostics.emit('near:leave', { reason })
  }

  /** Ends the membership. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    await this.#asking
    this.leave('closed')
    await this.#takingBack
  }

  /** The process may have stood still between its looks at the two clocks. */
  #mayServeAfterAll(): boolean {
    const now = this.#deps.clock.monotonic()
    if (now >= this.#servesUntil) return false
    if (this.#areClocksInPace(now)) return true
    this.leave('clock-jumped')
    return false
  }

  #areClocksInPace(now: number): boolean {
    return Math.abs(this.#deps.clock.now() - now - this.#wallOffset) < driftMs
  }

  #want(name: string): void {
    if (this.#wanted.has(name) || this.#wanted.size >= mostCaches) return
    this.#wanted.add(name)
    this.#ask()
  }

  #ask(): void {
    if (this.#isClosed) return
    this.#asking ??= this.#renew().finally(() => {
      this.#asking = undefined
    })
  }

  async #renew(): Promise<void> {
    const { link, trust, clock, nonces, names } = this.#deps
    const { cacheId } = trust
    if (this.#wanted.size === 0 || !link.isUp) return
    if (!trust.isOpen || cacheId === undefined) {
      this.leave('gate-closed')
      return
    }
    if (this.#member === undefined) this.#enter(nonces.next(), cacheId)
    const member = this.#member as string
    const wanted = [...this.#wanted]
    for (const name of wanted) if (!(await link.subscribe(names.channelOf(name)))) return
    const hashes = wanted.map((name) => ({
      hash: names.hashOf(name),
      isJoining: !this.#joinedAt.has(name),
    }))
    this.#number += 1
    const renewal = { member, number: this.#number, birth: nonces.next(), hashes }
    const { sentAt, wallOffset } = readClocks(clock)
    const renewed = await link.run((client) => renew(client, renewal))
    if (this.#member !== member) await this.#takeBack(member)
    if (renewed === undefined || this.#member !== member || !link.isUp) return
    if (!this.#isAccepted(renewed)) return
    for (const name of wanted) this.#join(name)
    this.#servesUntil = sentAt + memberMs - marginMs
    this.#wallOffset = wallOffset
    this.#settleLater(renewed)
  }

  #enter(member: string, cacheId: string): void {
    this.#member = member
    this.#cacheId = cacheId
    this.#history = undefined
  }

  #isAccepted({ history, hashes }: Renewed): boolean {
    const { redis, trust } = this.#deps
    this.#history ??= history
    // A store of several servers has another name than each of them.
    const isKnown = isCluster(redis.client) || history === redis.runId
    if (!isKnown || history !== this.#history) this.leave('other-server')
    else if (trust.cacheId !== this.#cacheId) this.leave('flushed')
    else if (hashes.some(({ isMember }) => !isMember)) this.leave('removed')
    else return true
    return false
  }

  #join(name: string): void {
    if (this.#joinedAt.has(name)) return
    this.#joinedAt.set(name, this.#deps.changes.next())
    this.#deps.diagnostics.emit('near:join', { cache: name })
  }

  /** What was a member of an earlier hash has lost its right by then. */
  #settleLater({ hashes }: Renewed): void {
    const young = hashes.filter(({ isSettled }) => !isSettled)
    if (young.length === 0) return
    setTimeout(() => {
      for (const hash of young) void this.#deps.link.run((client) => settle(client, hash))
    }, memberMs).unref()
  }

  /** Spares the next writer the wait. */
  async #takeBack(member: string): Promise<void> {
    const { link, names } = this.#deps
    const number = String(this.#number)
    await Promise.all(
      [...this.#wanted].map((name) =>
        link.run((client) => remove(client, names.hashOf(name), [member, number])),
      ),
    )
  }
}

/** Both clocks, again if the process stood still between the looks at them. */
function readClocks(clock: Clock): { readonly sentAt: number; readonly wallOffset: number } {
  for (let looks = 1; ; looks += 1) {
    const sentAt = clock.monotonic()
    const wallOffset = clock.now() - sentAt
    if (clock.monotonic() - sentAt < driftMs / 10 || looks === 5) return { sentAt, wallOffset }
  }
}
