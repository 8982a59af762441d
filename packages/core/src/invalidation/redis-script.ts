import { createHash } from 'node:crypto'
import type { RedisClientType } from 'redis'

/**
 * A Lua script over one key, which is why it runs on a cluster without hash tags.
 */
export interface RedisScript {
  /** The Lua text. */
  readonly source: string
  /** Its SHA-1, by which the server knows it. */
  readonly sha: string
}

/**
 * Prepares a script.
 */
export function redisScript(source: string): RedisScript {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}

/**
 * Runs a script by its SHA-1, and by its text where the server does not know it yet. One round trip, two after a restart of the server.
 */
export async function runScript(client: RedisClientType, script: RedisScript, call: { key: string; arguments: string[] }): Promise<unknown> {
  const options = { keys: [call.key], arguments: call.arguments }
  try {
    return await client.evalSha(script.sha, options)
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return client.eval(script.source, options)
  }
}
