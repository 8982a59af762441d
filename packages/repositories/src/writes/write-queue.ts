import { err, isOutage, ok, ResultAsync, startTimer, transaction } from '@headwater/core'
import type { CallOptions, Result, Stores, Transaction, TransactionError } from '@headwater/core'
import { write } from '../sql.ts'
import { WaitingWrite } from './waiting-write.ts'
import { hasWaited } from './waits-briefly.ts'

/** What a {@link WriteQueue} runs. */
export interface WriteQueueDeps<Request, Value, E> {
  readonly stores: Stores
  /** Names what a request changes: requests for the same are carried out in their order. */
  readonly keyOf: (request: Request) => unknown
  /** The work of a transaction for one request alone. */
  readonly runOne: (tx: Transaction, request: Request) => Promise<Result<Value, E>>
  /**
   * The work of a transaction for several requests: a value for each, in their order, or
   * `undefined` for one that it did nothing for. `Err` when they have to be run one by one.
   */
  readonly runAll: (
    tx: Transaction,
    requests: readonly Request[],
  ) => Promise<Result<readonly (Value | undefined)[], 'one by one'>>
}

/** Requests in one transaction, at most. */
const maxBatch = 64

/** Transactions of one queue at a time, while nobody has waited for long. */
const maxTransactions = 4

/** Time after which a request no longer waits for transactions of others, in milliseconds. */
const patienceMs = 100

/**
 * Time after which a request no longer waits for one that changes the same, in milliseconds. Each
 * that went to PostgreSQL sooner would wait there, and keep a connection from the others.
 */
const orderMs = 1_000

/**
 * Lets writes that callers ask for at the same time share a transaction: a group commit. A request
 * that comes alone runs at once in a transaction of its own, and so does each one that the shared
 * transaction refused or passed over, so every caller receives the answer that it would have
 * received alone. While transactions run, further requests gather, so batches grow with the load.
 */
export class WriteQueue<Request, Value, E> {
  readonly #deps: WriteQueueDeps<Request, Value, E>
  readonly #underWay = new Set<Waiting<Request, Value, E>>()
  /** The requests under way, by what they change. */
  readonly #busy = new Map<unknown, Waiting<Request, Value, E>>()
  #waiting: Waiting<Request, Value, E>[] = []
  #running = 0
  #isScheduled = false
  #cancelTimer: (() => void) | undefined

  constructor(deps: WriteQueueDeps<Request, Value, E>) {
    this.#deps = deps
    deps.stores.beforeClose(async () => {
      await Promise.allSettled([...this.#underWay].map(({ answer }) => answer))
    })
  }

  /**
   * Runs a request, with others where there are any; one with a deadline of its own runs alone. A
   * caller that gives up receives `deadline-exceeded` at once: what waits is not done then, what
   * shares a transaction goes on.
   */
  add(request: Request, options: CallOptions = {}): ResultAsync<Value, E | TransactionError> {
    const { stores, runOne } = this.#deps
    if (options.deadlineMs !== undefined) return write(stores, (tx) => runOne(tx, request), options)
    const sinceMs = stores.clock.monotonic()
    const waiting: Waiting<Request, Value, E> = new WaitingWrite(request, { options, sinceMs })
    this.#waiting.push(waiting)
    this.#underWay.add(waiting)
    const end = (): void => {
      this.#end(waiting)
    }
    void waiting.answer.then(end, end)
    this.#schedule()
    return new ResultAsync(waiting.answer)
  }

  #end(waiting: Waiting<Request, Value, E>): void {
    this.#underWay.delete(waiting)
    const key = this.#deps.keyOf(waiting.request)
    if (this.#busy.get(key) === waiting) this.#busy.delete(key)
    if (this.#waiting.length > 0) this.#schedule()
  }

  /** Begins at the end of the turn: all callers of one turn are there by then. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#begin('in turn')
    })
  }

  #begin(order: 'in turn' | 'at once'): void {
    while (this.#running < maxTransactions || order === 'at once') {
      const batch = this.#take(order)
      if (batch.length === 0) break
      void this.#run(batch)
    }
    if (this.#waiting.length === 0) this.#cancelTimer?.()
    this.#cancelTimer =
      this.#waiting.length === 0 ? undefined : (this.#cancelTimer ?? this.#startTimer())
  }

  #startTimer(): () => void {
    return startTimer(patienceMs, () => {
      this.#cancelTimer = undefined
      this.#begin('at once')
    })
  }

  /** Takes the longest waiting requests for different things, none of which is under way. */
  #take(order: 'in turn' | 'at once'): readonly Waiting<Request, Value, E>[] {
    const batch = new Map<unknown, Waiting<Request, Value, E>>()
    const left: Waiting<Request, Value, E>[] = []
    const now = this.#deps.stores.clock.monotonic()
    for (const waiting of this.#waiting) {
      if (waiting.isSettled) continue
      const key = this.#deps.keyOf(waiting.request)
      const isLate = order === 'at once' && now - waiting.sinceMs > orderMs
      const isFree = !batch.has(key) && (isLate || !this.#busy.has(key))
      if (isFree && batch.size < maxBatch) batch.set(key, waiting)
      else left.push(waiting)
    }
    this.#waiting = left
    for (const [key, waiting] of batch) this.#busy.set(key, waiting)
    return [...batch.values()]
  }

  async #run(batch: readonly Waiting<Request, Value, E>[]): Promise<void> {
    const [first] = batch
    this.#running += 1
    try {
      if (first !== undefined && batch.length === 1) await this.#runAlone(first)
      else for (const waiting of await this.#runTogether(batch)) void this.#runAlone(waiting)
    } catch (mistake) {
      for (const waiting of batch) waiting.fail(mistake)
    } finally {
      this.#running -= 1
      this.#schedule()
    }
  }

  /** Runs a batch, and returns those whose answer is still open. */
  async #runTogether(
    batch: readonly Waiting<Request, Value, E>[],
  ): Promise<readonly Waiting<Request, Value, E>[]> {
    const { stores, runAll } = this.#deps
    const requests = batch.map(({ request }) => request)
    const result = await transaction(stores, (tx) => runAll(tx, requests))
    if (result.isErr() && result.error !== 'one by one' && isEverybodys(result.error))
      for (const waiting of batch) waiting.settle(err(result.error))
    for (const [index, value] of result.unwrapOr([]).entries())
      if (value !== undefined) batch[index]?.settle(ok(value))
    return batch.filter((waiting) => !waiting.isSettled)
  }

  async #runAlone(waiting: Waiting<Request, Value, E>): Promise<void> {
    const { stores, runOne } = this.#deps
    waiting.beginAlone()
    try {
      waiting.settle(await write(stores, (tx) => runOne(tx, waiting.request), waiting.options))
    } catch (mistake) {
      waiting.fail(mistake)
    }
  }
}

/** Whether a failure is no single request's fault, so that each would meet it again. */
function isEverybodys(failure: TransactionError): boolean {
  return (isOutage(failure) && !hasWaited(failure)) || failure.type === 'commit-unknown'
}

type Waiting<Request, Value, E> = WaitingWrite<Request, Value, E | TransactionError>
