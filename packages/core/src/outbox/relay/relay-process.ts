import type { DeadlineExceeded, SqlError } from '../../errors.ts'
import { isOutage } from '../../is-outage.ts'
import { err, errAsync, ok, ResultAsync, type Result } from '../../result.ts'
import { sqlFailureIn } from '../../failure-error.ts'
import { type Stores } from '../../connect/stores.ts'
import { findBehind } from './behind.ts'
import type { RelayOptions } from './create-relay.ts'
import { checkOrigin, type OutboxRestored } from '../origin.ts'
import { purge } from '../log/purge.ts'
import { SinkRelay } from './sink-relay.ts'
import { shardCount } from '../log/shard.ts'
import { TickLog } from '../log/tick-log.ts'
import { Ticker } from '../log/ticker.ts'
import { Wake } from './wake.ts'

const recheckMs = 1_000
const drainPollMs = 5

/**
 * What one process runs for its sinks: the check of the outbox's origin, a ticker, a loop for each
 * sink, and now and then a purge.
 */
export class RelayProcess {
  readonly #stores: Stores
  readonly #settings: Required<RelayOptions>
  readonly #ticks = new TickLog()
  readonly #ticker: Ticker
  readonly #sinks: readonly SinkRelay[]
  readonly #pause = new Wake()
  readonly #endings: (() => void)[] = []
  #refusal: OutboxRestored | undefined
  #isOriginInDoubt = true
  #doubts = 0
  #isStopping = false
  #running: Promise<void> | undefined
  #stopped: Promise<Result<void, DeadlineExceeded>> | undefined

  constructor(stores: Stores, settings: Required<RelayOptions>, owner: string) {
    this.#stores = stores
    this.#settings = settings
    const {
      clock,
      diagnostics,
      postgres: { client: sql },
    } = stores
    const {
      leaseMs,
      maxAttempts,
      maxBackOffMs,
      tickMs: gapMs,
      tickEvents: maxEvents,
      maxPollMs,
    } = settings
    const shared = {
      owner,
      sql,
      ticks: this.#ticks,
      clock,
      diagnostics,
      leaseMs,
      limits: { maxAttempts, maxBackOffMs },
      isAllowed: this.#isAllowed,
      onError: this.#report,
    }
    this.#sinks = settings.sinks.map((sink) => new SinkRelay({ ...shared, sink }))
    this.#ticker = new Ticker({
      sql,
      ticks: this.#ticks,
      pace: { gapMs, maxEvents },
      maxPollMs,
      onTick: () => {
        for (const sink of this.#sinks) sink.wake()
      },
      onError: this.#report,
    })
  }

  /** Why nothing is delivered. */
  get refusal(): OutboxRestored | undefined {
    return this.#refusal
  }

  start(): void {
    if (this.#isStopping || this.#running !== undefined) return
    const { diagnostics } = this.#stores
    this.#endings.push(
      diagnostics.on('outbox:published', () => {
        this.#ticker.hint()
      }),
      diagnostics.on('store:error', ({ store }) => {
        if (store === 'postgres') this.#doubtOrigin()
      }),
      this.#stores.beforeClose((deadlineMs) =>
        this.stop(deadlineMs).match(() => undefined, this.#report),
      ),
    )
    this.#running = this.#run()
  }

  stop(deadlineMs: number): ResultAsync<void, DeadlineExceeded> {
    this.#stopped ??= this.#end(deadlineMs)
    return new ResultAsync(this.#stopped)
  }

  drain(deadlineMs: number): ResultAsync<void, DeadlineExceeded | SqlError | OutboxRestored> {
    if (this.#isStopping)
      return errAsync(tooLate('relay.drain', deadlineMs, 'the relay has stopped'))
    this.start()
    return new ResultAsync(this.#drain(deadlineMs))
  }

  async #run(): Promise<void> {
    let purgedMs = this.#stores.clock.monotonic()
    while (!this.#isStopping) {
      if (this.#isOriginInDoubt) await this.#checkOrigin()
      if (this.#isAllowed()) this.#startLoops()
      const dueMs = purgedMs + this.#settings.purgeMs - this.#stores.clock.monotonic()
      if (dueMs <= 0 && this.#isAllowed()) {
        await this.#purge()
        await this.#measure().catch(this.#report)
        purgedMs = this.#stores.clock.monotonic()
      }
      await this.#pause.sleep(this.#isAllowed() ? Math.max(dueMs, 1) : recheckMs)
      if (this.#refusal !== undefined) this.#isOriginInDoubt = true
    }
  }

  #startLoops(): void {
    this.#ticker.start()
    for (const sink of this.#sinks) sink.start()
  }

  async #checkOrigin(): Promise<void> {
    const doubts = this.#doubts
    const found = await checkOrigin(this.#stores)
    const failure = found.isErr() ? found.error : undefined
    const isNews =
      failure !== undefined && (failure.type !== 'outbox-restored' || this.#refusal === undefined)
    if (failure === undefined || failure.type === 'outbox-restored') {
      this.#refusal = failure
      // Nothing is delivered while it is checked; a doubt that arose meanwhile stays.
      this.#isOriginInDoubt = this.#doubts > doubts
    }
    if (isNews) this.#stores.diagnostics.emit('relay:error', { error: failure })
    if (this.#isAllowed()) for (const sink of this.#sinks) sink.wake()
  }

  /** The server that answers next may be another one. */
  readonly #doubtOrigin = (): void => {
    this.#isOriginInDoubt = true
    this.#doubts += 1
    this.#ticks.clear()
    for (const sink of this.#sinks) sink.doubt()
    this.#pause.wake()
  }

  readonly #isAllowed = (): boolean => this.#refusal === undefined && !this.#isOriginInDoubt

  readonly #report = (error: unknown): void => {
    const failure = sqlFailureIn(error)
    if (failure !== undefined && isOutage(failure)) this.#doubtOrigin()
    this.#stores.diagnostics.emit('relay:error', { error })
  }

  async #purge(): Promise<void> {
    const { retentionMs } = this.#settings
    await purge(this.#stores.postgres.client, {
      retentionMs,
      isStopping: () => this.#isStopping,
    }).catch(this.#report)
  }

  async #measure(): Promise<void> {
    const { diagnostics, postgres } = this.#stores
    if (!diagnostics.isHeard('outbox:behind')) return
    for (const behind of await findBehind(postgres.client))
      diagnostics.emit('outbox:behind', behind)
  }

  async #end(deadlineMs: number): Promise<Result<void, DeadlineExceeded>> {
    this.#isStopping = true
    for (const end of this.#endings) end()
    this.#pause.wake()
    // What is interrupted needs a moment to give its shards back.
    const patienceMs = Math.max(0, deadlineMs - Math.min(1_000, deadlineMs / 4))
    const everything = Promise.all([
      this.#running,
      this.#ticker.stop(),
      ...this.#sinks.map((sink) => sink.stop(patienceMs)),
    ])
    return (await within(everything, deadlineMs))
      ? ok(undefined)
      : err(tooLate('relay.stop', deadlineMs, 'a sink or a statement did not end in time'))
  }

  async #drain(
    deadlineMs: number,
  ): Promise<Result<void, DeadlineExceeded | SqlError | OutboxRestored>> {
    const endMs = this.#stores.clock.monotonic() + deadlineMs
    for (const sink of this.#sinks) sink.saveEagerly(true)
    try {
      const { id } = await this.#ticker.tickNow()
      while (this.#refusal === undefined && !(this.#isAllowed() && (await this.#havePassed(id)))) {
        if (this.#stores.clock.monotonic() > endMs || this.#isStopping)
          return err(
            tooLate('relay.drain', deadlineMs, 'not every sink has taken what was committed'),
          )
        await new Wake().sleep(drainPollMs)
      }
      return this.#refusal === undefined ? ok(undefined) : err(this.#refusal)
    } catch (error) {
      const failure = sqlFailureIn(error)
      if (failure !== undefined) return err(failure)
      throw error
    } finally {
      for (const sink of this.#sinks) sink.saveEagerly(false)
    }
  }

  async #havePassed(tick: bigint): Promise<boolean> {
    const names = this.#settings.sinks.map(({ name }) => name)
    const { rows } = await this.#stores.postgres.client.query<{ passed: boolean }>(passedSql, [
      names,
      String(tick),
      names.length * shardCount,
    ])
    return rows[0]?.passed === true
  }
}

async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false)
    }, ms)
  })
  const isInTime = await Promise.race([work.then(() => true), late])
  clearTimeout(timer)
  return isInTime
}

function tooLate(operation: string, deadlineMs: number, message: string): DeadlineExceeded {
  return {
    type: 'deadline-exceeded',
    store: 'postgres',
    operation,
    deadlineMs,
    message,
    retryable: true,
  }
}

const passedSql = `
  SELECT count(*) FILTER (WHERE tick >= $2) = $3 AS passed FROM @schema.outbox_cursor WHERE sink = ANY ($1::text[])`
