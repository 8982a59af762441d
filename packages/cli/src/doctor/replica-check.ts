import { setTimeout as after } from 'node:timers/promises'
import type { Clock, DiagnosticEvents, Diagnostics } from '@headwater/core'
import type { Findings } from './check.ts'

type ReplicaState = DiagnosticEvents['replica:state']['state']

/** What is known of replicas, by their place in the options. */
export type ReplicaStates = ReadonlyMap<number, ReplicaState>

/** Learns what each replica is, from the first look at it on. */
export function watchReplicas(diagnostics: Diagnostics): ReplicaStates {
  const states = new Map<number, ReplicaState>()
  diagnostics.on('replica:state', ({ replica, state }) => void states.set(replica, state))
  return states
}

/** What {@link checkReplicas} needs. */
export interface ReplicaCheckDeps {
  readonly states: ReplicaStates
  /** The number of replicas in the options. */
  readonly count: number
  readonly clock: Clock
  /** Time until all of them have to be known, in milliseconds. */
  readonly deadlineMs: number
}

const lookMs = 20

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

/** Says of each replica whether it answers reads, and if not, why. */
export async function checkReplicas(deps: ReplicaCheckDeps, findings: Findings): Promise<void> {
  const { states, count, clock, deadlineMs } = deps
  const endMs = clock.monotonic() + deadlineMs
  while (states.size < count && clock.monotonic() < endMs) await after(lookMs)
  for (let replica = 0; replica < count; replica += 1) {
    const [message, fix] = sayings[states.get(replica) ?? 'down']
    const told = `replica ${replica + 1} of ${count} ${message}`
    if (fix === '') findings.ok('replicas', told)
    else findings.warn('replicas', told, fix)
  }
}
