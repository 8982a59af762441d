import {
  type CallOptions,
  type RedisStore,
  type Result,
  ResultAsync,
  type StoreError,
  type Stores,
} from '@headwater/core'
import type { RedisClientType } from '@redis/client'

/** One actor's Redis: while it is stepped, every flush waits for `step`. */
export class SteppedRedis implements RedisStore {
  readonly #real: RedisStore
  readonly #waiting: (() => void)[] = []
  #isStepped = false

  constructor(real: RedisStore) {
    this.#real = real
  }

  get client() {
    return this.#real.client
  }
  get keyPrefix() {
    return this.#real.keyPrefix
  }
  get runId() {
    return this.#real.runId
  }
  get isAvailable() {
    return this.#real.isAvailable
  }
  usedFor() {
    return this
  }
  onTrustLost(listener: () => void) {
    return this.#real.onTrustLost(listener)
  }

  /** Whether a flush is waiting. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  run<T>(
    operation: string,
    command: (client: RedisClientType) => Promise<T>,
    options?: CallOptions,
  ): ResultAsync<T, StoreError> {
    if (!this.#isStepped) return this.#real.run(operation, command, options)
    return new ResultAsync(
      new Promise<Result<T, StoreError>>((resolve) => {
        this.#waiting.push(() => {
          void this.#real.run(operation, command, options).then(resolve)
        })
      }),
    )
  }

  /** Makes every flush wait from now on. */
  hold(): void {
    this.#isStepped = true
  }

  /** Sends the flush that has waited longest. */
  step(): void {
    this.#waiting.shift()?.()
  }

  /** Sends the flushes that wait, and every later one at once. */
  free(): void {
    this.#isStepped = false
    while (this.isWaiting) this.step()
  }
}

/** Actors that run against each other. */
export interface Race {
  /** Prepares a round, while no flush is held. */
  readonly prepare: () => Promise<void>
  /** The actors. */
  readonly actors: readonly { readonly redis: SteppedRedis; readonly act: () => Promise<unknown> }[]
  /** Judges the outcome; `order` names the actor of each step. */
  readonly judge: (order: readonly number[]) => Promise<void>
}

/** Plays every order in which the actors' flushes can reach Redis; returns their number. */
export async function everyOrder(race: Race): Promise<number> {
  let played = 0
  for (let next: number[] | undefined = []; next !== undefined;) {
    const { order, choices } = await play(race, next)
    await race.judge(order)
    played += 1
    next = following(order, choices)
  }
  return played
}

/** The next order in depth-first search: the last step with another choice takes it. */
function following(
  order: readonly number[],
  choices: readonly (readonly number[])[],
): number[] | undefined {
  for (let at = order.length - 1; at >= 0; at -= 1) {
    const other = choices[at]?.find((actor) => actor > (order[at] ?? 0))
    if (other !== undefined) return [...order.slice(0, at), other]
  }
  return undefined
}

async function play(
  { prepare, actors }: Race,
  given: readonly number[],
): Promise<{ order: number[]; choices: number[][] }> {
  await prepare()
  const ended = actors.map(() => false)
  for (const { redis } of actors) redis.hold()
  const ends = actors.map(async ({ redis, act }, index) => {
    await act()
    ended[index] = true
    redis.free()
  })
  const [order, choices]: [number[], number[][]] = [[], []]
  for (;;) {
    await Promise.race([settled(actors, ended), Promise.all(ends)])
    const ready = actors.flatMap(({ redis }, index) =>
      redis.isWaiting && ended[index] === false ? [index] : [],
    )
    if (ready.length === 0) break
    const chosen = given[order.length] ?? ready[0] ?? 0
    order.push(chosen)
    choices.push(ready)
    actors[chosen]?.redis.step()
  }
  await Promise.all(ends)
  return { order, choices }
}

/** Resolves once every actor waits or has ended. */
async function settled(actors: Race['actors'], ended: readonly boolean[]): Promise<void> {
  while (!actors.every(({ redis }, index) => ended[index] === true || redis.isWaiting))
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
}

/** The stores with a stepped Redis. */
export function steppedStores(stores: Stores): Pick<
  Stores,
  'postgres' | 'diagnostics' | 'clock' | 'beforeClose'
> & {
  readonly redis: SteppedRedis
} {
  return {
    postgres: stores.postgres,
    diagnostics: stores.diagnostics,
    clock: stores.clock,
    beforeClose: (stop) => stores.beforeClose(stop),
    redis: new SteppedRedis(stores.redis),
  }
}
