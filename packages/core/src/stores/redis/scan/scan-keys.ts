import type { RedisClientType } from '@redis/client'
import { FailureError } from '../../../failure/failure-error.ts'
import { isCluster } from '../redis-client.ts'
import { redisUnavailable } from '../redis-failure.ts'
import type { RedisStore } from '../redis-store.ts'

/** Keys that the server looks at for one page. */
const pageSize = 1_000

/**
 * The keys that begin with a text, page by page, on every master of a cluster. Keys that exist all
 * the time are among them, a key may come twice. One round trip for every 1,000 keys of the server.
 *
 * @throws {@link FailureError} when Redis does not answer, or another server does: no position of
 * one server means anything to another.
 */
export async function* scanKeys(
  redis: RedisStore,
  beginning: string,
): AsyncGenerator<readonly string[]> {
  const options = { MATCH: `${literally(beginning)}*`, COUNT: pageSize }
  let { runId } = redis
  for (const node of await mastersOf(redis)) {
    let cursor = '0'
    do {
      const page = await redis.run('scan keys', (client) => (node ?? client).scan(cursor, options))
      if (page.isErr()) throw new FailureError(page.error)
      if (runId !== undefined && redis.runId !== undefined && redis.runId !== runId)
        throw new FailureError(redisUnavailable('scan keys', 'the server was replaced meanwhile'))
      runId = redis.runId ?? runId
      cursor = page.value.cursor
      if (page.value.keys.length > 0) yield page.value.keys
    } while (cursor !== '0')
  }
}

/** The masters of a cluster; `undefined` alone for what is no cluster. */
export async function mastersOf({
  client,
}: RedisStore): Promise<readonly (RedisClientType | undefined)[]> {
  if (!isCluster(client)) return [undefined]
  return Promise.all(client.masters.map((master) => client.nodeClient(master)))
}

/** The pattern that matches a text alone. */
export function literally(text: string): string {
  return text.replace(/[*?[\]\\^]/g, '\\$&')
}
