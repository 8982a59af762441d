import { setTimeout as after } from 'node:timers/promises'
import {
  type Clock,
  type ConnectOptions,
  type DiagnosticEvents,
  Diagnostics,
} from '@headwater/core'
import type { Findings } from './check.ts'

type ReplicaState = DiagnosticEvents['replica:state']['state']

/** A second look tells whether a replica has what the primary had at the first one. */
const lookEveryMs = 600
const looksMs = 1.5 * lookEveryMs
const pollMs = 20

const sayings = {
  usable: ['answers reads', ''],
  lagging: ['lags behind: the primary answers in its place', 'find out what keeps its replay'],
  down: ['does not answer', 'start it, or take it out of `replicas`'],
  'not-standby': ['is no standby, and may have rows of its own', 'give the URL of a standby'],
  'other-system': ['is a standby of another server', 'give the URL of a standby of this primary'],
  'other-timeline': [
    'has not followed the last failover',
    "let it follow the primary: recovery_target_timeline = 'latest'",
  ],
} as const satisfies Record<ReplicaState, readonly [message: string, fix: string]>
const unheard = [
  'did not say in time what it is',
  'give --deadline more time; the role has to be allowed to ask pg_control_system()',
] as const

/** Looks at the replicas of a primary, from before they are connected on. */
export class ReplicaWatch {
  readonly #clock: Clock
  readonly #begunMs: number
  readonly #states = new Map<number, ReplicaState>()
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#begunMs = clock.monotonic()
  }

  /** Options with which it hears of the first look. */
  prepare(options: ConnectOptions): ConnectOptions {
    const { diagnostics = new Diagnostics(), postgres } = options
    this.#count = postgres.replicas?.length ?? 0
    diagnostics.on('replica:state', ({ replica, state }) => void this.#states.set(replica, state))
    return { ...options, diagnostics, postgres: { ...postgres, replicaLookEveryMs: lookEveryMs } }
  }

  /** Says of each replica whether it answers reads, and if not, why; by `endMs` at the latest. */
  async check(findings: Findings, endMs: number): Promise<void> {
    if (this.#count === 0) return
    const isOpen = (): boolean =>
      this.#states.size < this.#count || this.#clock.monotonic() < this.#begunMs + looksMs
    while (isOpen() && this.#clock.monotonic() < endMs) await after(pollMs)
    for (let replica = 0; replica < this.#count; replica += 1) {
      const state = this.#states.get(replica)
      const [message, fix] = state === undefined ? unheard : sayings[state]
      const told = `replica ${replica + 1} of ${this.#count} ${message}`
      if (fix === '') findings.ok('replicas', told)
      else findings.warn('replicas', told, fix)
    }
  }
}
