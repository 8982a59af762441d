import type { RunningHost } from '../host.ts'

/** Resolves at the first signal to stop; later ones have no effect. */
export function untilStopped(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'])
      process.on(signal, () => {
        resolve(undefined)
      })
  })
}

/**
 * Runs a host until a signal to stop, closes it and exits: with 0 when everything ended in time. A
 * signal that comes while it starts ends the process at once.
 */
export async function closeOnSignals(start: () => Promise<RunningHost>): Promise<never> {
  const stopped = untilStopped()
  try {
    const host = await Promise.race([start(), stopped])
    if (host === undefined) return process.exit(0)
    console.log(`listening on ${host.url}`)
    await stopped
    console.log('stopping')
    return process.exit((await host.close()) ? 0 : 1)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return process.exit(1)
  }
}
