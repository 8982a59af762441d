import type { Stores } from '../../connect/stores.ts'
import type { DeadlineExceeded, SqlError } from '../../errors.ts'
import { sqlFailureIn } from '../../failure/failure-error.ts'
import { isOutage } from '../../failure/is-outage.ts'
import { within } from '../../resilience/within.ts'
import { err, errAsync, ok, ResultAsync, type Result } from '../../result.ts'
import { quietError } from '../../stores/quiet-error.ts'
import { purge } from '../log/purge.ts'
import { shardCount } from '../log/shard.ts'
import { TickLog } from '../log/tick-log.ts'
import { checkOrigin, type CheckedOrigin, type OutboxRestored } from '../origin.ts'
import { findBehind } from './behind.ts'
import { havePassedSql } from './cursor-queries.ts'
import type { RelaySettings } from './relay-options.ts'
import { SinkRelay } from './sink-relay.ts'
import { Ticker } from './ticker.ts'
import { Wake } from './wake.ts'

type DrainError = DeadlineExceeded | SqlError | OutboxRestored

const recheckMs = 1_000
const drainPollMs = 5

/**
 * The relay of one process: it checks the origin of the outbox, then runs a ticker, a loop for each
 * sink, and a purge from time to time.
 */
export class RelayProcess {
  readonly #stores: Stores
  readonly #settings: RelaySettings
  readonly #ticks = new TickLog()
  readonly #ticker: Ticker
  readonly #sinks: readonly SinkRelay[]
  readonly #pause = new Wake()
  readonly #endings: (() => void)[] = []
  #refusal: OutboxRestored | undefined
  #isOriginChecked = false
  #isOriginCertain = false
  #distrusts = 0
  #drains = 0
  #isStopping = false
  #running: Promise<void> | undefined
  #stopped: Promise<Result<void, DeadlineExceeded>> | undefined

  constructor(stores: Stores, settings: RelaySettings, owner: string) {
    this.#stores = stores
    this.#settings = settings
    const { clock, diagnostics } = stores
    const shared = {
      owner,
      sql: stores.postgres.client,
      ticks: this.#ticks,
      clock,
      diagnostics,
      leaseMs: settings.leaseMs,
      limits: settings,
      isAllowed: this.#isAllowed,
      onError: this.#report,
    }
    this.#sinks = settings.sinks.map((sink) => new SinkRelay({ ...shared, sink }))
    this.#ticker = new Ticker({
      sql: stores.postgres.client,
      ticks: this.#ticks,
      pace: { gapMs: settings.tickMs, maxEvents: settings.tickEvents },
      maxPollMs: settings.maxPollMs,
      onTick: this.#wakeSinks,
      onError: this.#report,
    })
  }

  get refusal(): OutboxRestored | undefined {
    return this.#refusal
  }

  start(): void {
    if (this.#isStopping || this.#running !== undefined) return
    const { diagnostics, hints } = this.#stores
    const look = (): void => {
      this.#ticker.wake()
    }
    this.#endings.push(
      diagnostics.on('outbox:published', look),
      hints.listen(look),
      diagnostics.on('store:error', ({ store }) => {
        if (store === 'postgres') this.#distrustServer()
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

  drain(deadlineMs: number): ResultAsync<void, DrainError> {
    if (this.#isStopping)
      return errAsync(tooLate('relay.drain', deadlineMs, 'the relay has stopped'))
    this.start()
    return new ResultAsync(
      within(this.#drain(deadlineMs), deadlineMs, () => err(notDrained(deadlineMs))),
    )
  }

  async #run(): Promise<void> {
    const { clock } = this.#stores
    let purgedAt = clock.monotonic()
    while (!this.#isStopping) {
      if (!this.#isOriginChecked || !this.#isOriginCertain) await this.#checkOrigin()
      if (this.#isAllowed()) this.#startLoops()
      const dueMs = purgedAt + this.#settings.purgeMs - clock.monotonic()
      if (dueMs <= 0 && this.#isAllowed()) {
        await this.#purge().catch(this.#report)
        await this.#measure().catch(this.#report)
        purgedAt = clock.monotonic()
      }
      const isSettled = this.#isAllowed() && this.#isOriginCertain
      await this.#pause.sleep(isSettled ? Math.max(dueMs, 1) : recheckMs)
      if (this.#refusal !== undefined) this.#isOriginChecked = false
    }
  }

  #startLoops(): void {
    this.#ticker.start()
    for (const sink of this.#sinks) sink.start()
  }

  async #checkOrigin(): Promise<void> {
    const distrusts = this.#distrusts
    const found = await checkOrigin(this.#stores)
    const failure = found.isErr() ? found.error : undefined
    const isNews =
      failure !== undefined && (failure.type !== 'outbox-restored' || this.#refusal === undefined)
    if (failure === undefined || failure.type === 'outbox-restored') {
      if (failure !== undefined && this.#isAllowed()) this.#forgetPlaces()
      this.#refusal = failure
      // A connection that was lost during the check may lead to another server.
      this.#isOriginChecked = this.#distrusts === distrusts
      if (found.isOk() && this.#isOriginChecked) this.#begin(found.value)
    }
    if (isNews) this.#stores.diagnostics.emit('relay:error', { error: failure })
    if (this.#isAllowed()) this.#wakeSinks()
  }

  #begin({ history, isCertain }: CheckedOrigin): void {
    this.#isOriginCertain = isCertain
    if (this.#ticks.history !== history) this.#ticks.begin(history)
  }

  /** Stops delivering until the origin is checked: the next answer may come from another server. */
  readonly #distrustServer = (): void => {
    this.#isOriginChecked = false
    this.#distrusts += 1
    this.#forgetPlaces()
    this.#pause.wake()
  }

  #forgetPlaces(): void {
    this.#ticks.clear()
    for (const sink of this.#sinks) sink.resync()
  }

  readonly #isAllowed = (): boolean => this.#refusal === undefined && this.#isOriginChecked

  readonly #wakeSinks = (): void => {
    for (const sink of this.#sinks) sink.wake()
  }

  readonly #report = (error: unknown): void => {
    const failure = sqlFailureIn(error)
    if (failure !== undefined && isOutage(failure)) this.#distrustServer()
    this.#stores.diagnostics.emit('relay:error', { error: quietError(error) })
  }

  async #purge(): Promise<void> {
    const { retentionMs } = this.#settings
    const isStopping = (): boolean => this.#isStopping
    await purge(this.#stores.postgres.client, { retentionMs, isStopping })
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
    // An interrupted batch needs a moment to release its shards.
    const patienceMs = Math.max(0, deadlineMs - Math.min(1_000, deadlineMs / 4))
    const everything = Promise.all([
      this.#running,
      this.#ticker.stop(),
      ...this.#sinks.map((sink) => sink.stop(patienceMs)),
    ])
    return within(
      everything.then(() => ok(undefined)),
      deadlineMs,
      () => err(tooLate('relay.stop', deadlineMs, 'a sink or a statement did not end in time')),
    )
  }

  async #drain(deadlineMs: number): Promise<Result<void, DrainError>> {
    const { clock } = this.#stores
    const endsAt = clock.monotonic() + deadlineMs
    const isOver = (): boolean => this.#isStopping || clock.monotonic() > endsAt
    this.#saveEagerly(1)
    try {
      const tick = await this.#ticker.tickNow(isOver)
      while (this.#refusal === undefined) {
        if (tick !== undefined && this.#isAllowed() && (await this.#havePassed(tick.id)))
          return ok(undefined)
        if (isOver()) return err(notDrained(deadlineMs))
        await new Wake().sleep(drainPollMs)
      }
      return err(this.#refusal)
    } catch (error) {
      const failure = sqlFailureIn(error)
      if (failure !== undefined) return err(failure)
      throw error
    } finally {
      this.#saveEagerly(-1)
    }
  }

  /** Sinks save at once what they have passed while anybody waits for it. */
  #saveEagerly(waiting: 1 | -1): void {
    this.#drains += waiting
    for (const sink of this.#sinks) sink.saveEagerly(this.#drains > 0)
  }

  async #havePassed(tick: bigint): Promise<boolean> {
    const names = this.#settings.sinks.map(({ name }) => name)
    const values = [names, String(tick), names.length * shardCount]
    const { rows } = await this.#stores.postgres.client.query<{ passed: boolean }>(
      havePassedSql,
      values,
    )
    return rows[0]?.passed === true
  }
}

function notDrained(deadlineMs: number): DeadlineExceeded {
  return tooLate('relay.drain', deadlineMs, 'a sink has not passed every event')
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
