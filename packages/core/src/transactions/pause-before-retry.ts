import { setTimeout } from 'node:timers/promises'

/**
 * Waits a random time before a transaction runs again, so that two that stopped each other do not
 * meet again: up to 10 ms at first, doubling, at most 200 ms.
 */
export async function pauseBeforeRetry(attempts: number): Promise<void> {
  await setTimeout(Math.random() * Math.min(200, 5 * 2 ** attempts))
}
