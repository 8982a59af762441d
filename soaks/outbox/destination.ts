import { createClient } from '@redis/client'
import { type AccountState, stateText } from './accounts.ts'
import { append, replaceFenced, replaceOlder } from './effect-scripts.ts'

/** An effect of a log sink, under the id of its event. */
export interface Effect {
  readonly eventId: string
  readonly name: string
}

/** A state with the token of its writer; a write with a lower token than the last is refused. */
export interface FencedState extends AccountState {
  /** The fence of the shard, then the number of the attempt under that fence. */
  readonly token: readonly [bigint, number]
}

/** The counts of the destination. */
export interface Counts {
  /** Events that arrived again after they had taken effect. */
  readonly again: number
  /** Writes of an older state than the stored one. */
  readonly older: number
  /** Writes under a token that had been superseded. */
  readonly fencedOff: number
}

/**
 * The store of the effects: a Redis that outlives every relay and every PostgreSQL. Each write is
 * atomic; an abandoned write may still arrive.
 */
export class Destination {
  readonly #redis: Redis
  readonly #prefix: string

  private constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#prefix = prefix
  }

  /** Connects, and reconnects whenever the connection is lost. */
  static async open(url: string, prefix: string): Promise<Destination> {
    const redis = clientOf(url)
    await redis.connect()
    return new Destination(redis, prefix)
  }

  /** Appends each effect once, in order. */
  async append(effects: readonly Effect[], signal: AbortSignal): Promise<void> {
    await this.#eval(
      append,
      ['ids', 'effects', 'again'],
      effects.flatMap(({ eventId, name }) => [eventId, name]),
      signal,
    )
  }

  /** Writes states guarded by their versions. */
  async replaceOlder(states: readonly AccountState[], signal: AbortSignal): Promise<void> {
    await this.#eval(
      replaceOlder,
      ['guarded', 'older'],
      states.flatMap((state) => [state.account, String(state.version), stateText(state)]),
      signal,
    )
  }

  /** Writes states guarded by their tokens alone. */
  async replaceFenced(states: readonly FencedState[], signal: AbortSignal): Promise<void> {
    const values = states.flatMap((state) => [
      state.account,
      String(state.token[0]),
      String(state.token[1]),
      stateText(state),
    ])
    await this.#eval(replaceFenced, ['fenced', 'tokens', 'fenced-off'], values, signal)
  }

  /** The names of the effects, in the order in which they took place. */
  effects(): Promise<string[]> {
    return this.#redis.lRange(`${this.#prefix}effects`, 0, -1)
  }

  /** The stored states by account. */
  async states(guard: 'guarded' | 'fenced'): Promise<ReadonlyMap<string, string>> {
    return new Map(Object.entries(await this.#redis.hGetAll(`${this.#prefix}${guard}`)))
  }

  /** Reads the counts. */
  async counts(): Promise<Counts> {
    const count = async (name: string): Promise<number> =>
      Number((await this.#redis.get(this.#prefix + name)) ?? 0)
    return {
      again: await count('again'),
      older: await count('older'),
      fencedOff: await count('fenced-off'),
    }
  }

  /** Disconnects. */
  close(): void {
    this.#redis.destroy()
  }

  async #eval(
    script: string,
    keys: readonly string[],
    values: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted()
    await Promise.race([
      this.#redis.eval(script, {
        keys: keys.map((key) => this.#prefix + key),
        arguments: [...values],
      }),
      abortOf(signal),
    ])
  }
}

type Redis = ReturnType<typeof clientOf>

function clientOf(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    socket: { reconnectStrategy: 50, connectTimeout: 1_000 },
  }).on('error', () => undefined)
}

/** Rejects once the signal is aborted. */
function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener(
      'abort',
      () => {
        reject(signal.reason as Error)
      },
      { once: true },
    )
  })
}
