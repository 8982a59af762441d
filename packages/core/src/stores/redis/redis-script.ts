import { createHash } from 'node:crypto'
import type { RedisClientType } from '@redis/client'
import type { StoreError } from '../../errors.ts'
import { err, ok, type Result } from '../../result.ts'
import type { RedisStore } from './redis-store.ts'

/** A Lua script; one over a single key runs on a cluster without hash tags. */
export interface RedisScript {
  /** The Lua text. */
  readonly source: string
  /** Its SHA-1, by which the server knows it. */
  readonly sha: string
}

/** Prepares a script. */
export function redisScript(source: string): RedisScript {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}

/** What a script is run on. */
export interface ScriptCall {
  /**
   * Its key; several on a single server only, since a cluster takes no script over several slots.
   */
  readonly key: string | string[]
  /** Its further arguments. */
  readonly arguments: string[]
}

/**
 * Runs a script by its SHA-1, and by its text where the server does not know it yet. One round
 * trip, two after a restart of the server.
 */
export async function runScript(
  client: RedisClientType,
  script: RedisScript,
  call: ScriptCall,
): Promise<unknown> {
  const options = {
    keys: typeof call.key === 'string' ? [call.key] : call.key,
    arguments: call.arguments,
  }
  try {
    return await client.evalSha(script.sha, options)
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return client.eval(script.source, options)
  }
}

/**
 * So many scripts, of so many characters, end well within the deadline of one command, in a process
 * or on a machine that is busy too.
 */
const flushLimits = { items: 50, characters: 64 * 1024 }

/**
 * Runs one script per item, pipelined: one round trip for 50 items and less, or 64 KB of them. Each
 * has the deadline of a command of its own, longer for long items. Returns the replies in the order
 * of the items, or the first failure.
 */
export async function runScripts<Item, Reply>(
  redis: RedisStore,
  operation: string,
  { items, run, lengthOf, isPersistent, atOnce = flushLimits.items }: ScriptRun<Item, Reply>,
): Promise<Result<Reply[], StoreError>> {
  const replies: Reply[] = []
  let failure: StoreError | undefined
  for (let from = 0; from < items.length && (failure === undefined || isPersistent === true);) {
    const flush = nextFlush(items.slice(from, from + atOnce), lengthOf)
    from += flush.length
    const surplus = Math.max(0, flush.length - flushLimits.items)
    const characters = flush.reduce((sum, item) => sum + (lengthOf?.(item) ?? 0), surplus * 1_024)
    const some = await redis.run(
      operation,
      (client) => Promise.all(flush.map((item) => run(client, item))),
      { characters },
    )
    if (some.isOk()) replies.push(...some.value)
    else failure ??= some.error
  }
  return failure === undefined ? ok(replies) : err(failure)
}

/** What {@link runScripts} runs, and on what. */
export interface ScriptRun<Item, Reply> {
  /** The items. */
  readonly items: readonly Item[]
  /** Runs the script of one item. */
  readonly run: (client: RedisClientType, item: Item) => Promise<Reply>
  /** How many characters an item sends, where that may be many. */
  readonly lengthOf?: (item: Item) => number
  /**
   * Items of one round trip. Each beyond 50 has another millisecond.
   *
   * @defaultValue `50`
   */
  readonly atOnce?: number
  /**
   * Whether the items after a failure are tried all the same: where nobody waits for them and each
   * is worth having.
   */
  readonly isPersistent?: boolean
}

/**
 * The client writes no faster than 16 KB per turn of the event loop, so long items need the loop to
 * turn often.
 */
function nextFlush<Item>(
  most: readonly Item[],
  lengthOf: ((item: Item) => number) | undefined,
): readonly Item[] {
  if (lengthOf === undefined) return most
  let characters = 0
  const beyond = most.findIndex(
    (item, index) => (characters += lengthOf(item)) > flushLimits.characters && index > 0,
  )
  return beyond < 0 ? most : most.slice(0, beyond)
}
