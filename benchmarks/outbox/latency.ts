import { setTimeout } from 'node:timers/promises'
import { allDelivered, createRelay, defineSink, ok, okAsync, orThrow, type Stores, transaction } from '@headwater/core'
import { median } from '../measure/alternate.ts'

const commits = 60
const leastPauseMs = 120

/** The median time from a commit's return to the call of the sink, in milliseconds, with a relay that had nothing to do before. */
export async function commitToSinkMs(stores: Stores): Promise<number> {
  let arrived = Promise.withResolvers<number>()
  const sink = defineSink({
    name: 'latency', types: ['*'], mode: 'log', startAt: 'head',
    handle: () => {
      arrived.resolve(performance.now())
      return okAsync(allDelivered)
    },
  })
  const relay = createRelay(stores, { sinks: [sink] })
  orThrow(await relay.drain())
  const timesMs: number[] = []
  for (let commit = 0; commit < commits; commit += 1) {
    await setTimeout(leastPauseMs + Math.random() * leastPauseMs)
    arrived = Promise.withResolvers<number>()
    orThrow(await transaction(stores, async (tx) => {
      tx.publish({ aggregateType: 'course', aggregateId: commit, type: 'course.updated', version: 1, payload: {} })
      return ok(undefined)
    }))
    const committedAt = performance.now()
    timesMs.push(await arrived.promise - committedAt)
  }
  orThrow(await relay.stop())
  return median(timesMs)
}
