import type { Stores } from '@headwater/core'
import type { Enroll, Press } from './contestants.ts'

/**
 * Runs presses with so many callers at once, each pressing again when it was answered; gives back
 * every caller's wait in milliseconds.
 */
export async function run(
  enroll: Enroll,
  presses: readonly Press[],
  callers: number,
): Promise<{ readonly waits: number[]; readonly enrolled: number }> {
  const waits: number[] = []
  let enrolled = 0
  const queue = presses.values()
  const caller = async () => {
    for (const press of queue) {
      const startedAt = performance.now()
      if (await enroll(press)) enrolled += 1
      waits.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return { waits, enrolled }
}

/**
 * Counts the keys that are held and released, so that the end of the invalidation can be waited
 * for.
 */
export class Invalidations {
  #pending = 0
  #onSettled: (() => void) | undefined

  constructor({ diagnostics }: Stores) {
    diagnostics.on('invalidation:hold', ({ keys }) => {
      this.#pending += keys
    })
    diagnostics.on('invalidation:release', ({ keys }) => {
      this.#pending -= keys
      if (this.#pending === 0) this.#onSettled?.()
    })
  }

  /** Resolves when every key that was held is released. */
  async settled(): Promise<void> {
    if (this.#pending !== 0)
      await new Promise<void>((resolve) => {
        this.#onSettled = resolve
      })
  }
}

/** The value that so much of the sample lies below. */
export function percentile(sample: readonly number[], share: number): number {
  const sorted = sample.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
