import { setTimeout } from 'node:timers/promises'
import {
  allDelivered,
  createRelay,
  defineSink,
  ok,
  okAsync,
  orThrow,
  type Stores,
  transaction,
} from '@headwater/core'
import { median } from '../measure/alternate.ts'

const commits = 60
const leastPauseMs = 120

/** What was measured, in milliseconds. */
export interface Latency {
  /** Median from a commit's return to the call of the sink. */
  readonly commitToSinkMs: number
  /** Medians of the statements that lie between. */
  readonly statementsMs: ReadonlyMap<string, number>
}

/**
 * Commits one event after the other, each when a relay with default options has had nothing to do
 * for a while.
 */
export async function measureLatency(stores: Stores): Promise<Latency> {
  let arrived = Promise.withResolvers<number>()
  const sink = defineSink({
    name: 'latency',
    types: ['*'],
    mode: 'log',
    startAt: 'head',
    handle: () => {
      arrived.resolve(performance.now())
      return okAsync(allDelivered)
    },
  })
  const relay = createRelay(stores, { sinks: [sink] })
  orThrow(await relay.drain())
  const timesMs: number[] = []
  const statementsMs = new Map<string, number[]>()
  for (let commit = 0; commit < commits; commit += 1) {
    await setTimeout(leastPauseMs + Math.random() * leastPauseMs)
    arrived = Promise.withResolvers<number>()
    orThrow(
      await transaction(stores, async (tx) => {
        tx.publish({
          aggregateType: 'course',
          aggregateId: commit,
          type: 'course.updated',
          version: 1,
          payload: {},
        })
        return ok(undefined)
      }),
    )
    const committedAt = performance.now()
    const ignore = stores.diagnostics.on('store:operation', ({ operation, durationMs }) => {
      statementsMs.set(operation, [...(statementsMs.get(operation) ?? []), durationMs])
    })
    timesMs.push((await arrived.promise) - committedAt)
    ignore()
  }
  orThrow(await relay.stop())
  const usual = [...statementsMs].filter(([, all]) => all.length > commits / 2)
  return {
    commitToSinkMs: median(timesMs),
    statementsMs: new Map(usual.map(([operation, all]) => [operation, median(all)])),
  }
}
