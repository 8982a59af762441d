import type { Urls } from './rows.ts'

/** The roles of the workers. A standby's reader reads there, and fills a cache from there. */
export const roles = [
  'reader',
  'writer',
  'seller',
  'keeper',
  'relay',
  'replica-reader',
  'replica-cache-reader',
] as const
export type Role = (typeof roles)[number]

/** The assignment of a worker. */
export interface Assignment extends Urls {
  readonly role: Role
  readonly ledgerPath: string
  /** Wherever the standby is. */
  readonly replicaUrl: string
  /** A Redis that never fails: for effects, and for the cache of the control. */
  readonly redisUrl: string
  /** The key prefix of the effects of sinks. */
  readonly prefix: string
  readonly courses: number
  /** Nanoseconds. */
  readonly startedAt: number
}

/** What a worker does. */
export interface Work {
  readonly stop: () => Promise<void>
  /** Resolves to whether everything that was published before has been delivered. */
  readonly drain?: () => Promise<boolean>
}

/** Orders of the parent. */
export type Order = 'drain' | 'stop'

/** Answers to the parent. */
export type Answer = 'ready' | 'drained' | 'not-drained'

/**
 * Waits for the assignment, answers once `begin` resolves, and obeys until the parent orders to
 * stop or is gone.
 */
export async function work(begin: (assignment: Assignment) => Promise<Work>): Promise<void> {
  process.once('disconnect', () => {
    process.exit(1)
  })
  const assignment = await new Promise<Assignment>((resolve) => {
    process.once('message', resolve as (value: unknown) => void)
  })
  const { stop, drain } = await begin(assignment)
  process.on('message', (order: Order) => {
    if (order === 'stop') void stop().then(() => process.exit(0))
    else void drain?.().then((isDrained) => answer(isDrained ? 'drained' : 'not-drained'))
  })
  answer('ready')
}

function answer(text: Answer): void {
  process.send?.(text)
}

/** Calls `step` again and again until it is stopped, and resolves then. */
export class Loop {
  readonly #running: Promise<unknown>
  #isStopped = false

  /** With several callers, each waits for its own calls only. */
  constructor(step: () => Promise<unknown>, callers = 1) {
    this.#running = Promise.all(Array.from({ length: callers }, () => this.#run(step)))
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
  }

  async #run(step: () => Promise<unknown>): Promise<void> {
    while (!this.#isStopped) await step()
  }
}
