import { setTimeout } from 'node:timers/promises'
import { createClient } from '@redis/client'

const idleMs = 6_000

/**
 * Commands that the members' scripts run. Redis counts them beside the `EVALSHA` that runs them;
 * nothing else sends the first four.
 */
const insideScripts = new Set(['hget', 'hset', 'hexists', 'hmget', 'pexpire', 'info'])

/** Commands a second that all clients together send to an idle Redis. */
export async function idleCommandsPerSecond(url: string): Promise<number> {
  const client = createClient({ url })
  await client.connect()
  try {
    const before = await commandsSoFar(client)
    const startedAt = performance.now()
    await setTimeout(idleMs)
    const commands = (await commandsSoFar(client)) - before
    return (commands * 1_000) / (performance.now() - startedAt)
  } finally {
    client.destroy()
  }
}

async function commandsSoFar(client: { info(section: string): Promise<string> }): Promise<number> {
  const counts = (await client.info('commandstats')).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)
  return [...counts]
    .filter(([, name]) => !insideScripts.has(name ?? ''))
    .reduce((sum, [, , calls]) => sum + Number(calls), 0)
}
