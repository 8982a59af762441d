import { setTimeout as after } from 'node:timers/promises'

/** Whether a promise is still unsettled after a while, given in milliseconds. */
export async function staysPending(promise: Promise<unknown>, forMs = 250): Promise<boolean> {
  const settled = promise.then(
    () => false,
    () => false,
  )
  return Promise.race([settled, after(forMs, true)])
}
