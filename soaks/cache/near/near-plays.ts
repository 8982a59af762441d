import type { FaultProxy } from '@headwater/testing'
import { anyOf, between } from '../../run/chance.ts'
import { disturb, rest } from '../../run/play.ts'
import type { Fleet } from '../fleet.ts'
import type { Play } from '../play.ts'
import type { WorkerSlot } from '../worker-slot.ts'

/** Stops, around the time for which a process may answer without having heard from Redis. */
export const pause = { leastMs: 100, mostMs: 1_500 } as const
const fault = { leastMs: 30, mostMs: 1_500 } as const

/** Makes every near tier fail whose writers do not wait, so that a short soak finds it. */
export function openingPlay({ readers }: Fleet): Play | undefined {
  const reader = anyOf(readers)
  return reader.near && hangLinkOf(reader, reader.near)
}

/** The faults of processes that keep values themselves; none in a fleet of others. */
export function nearPlays({ slots, readers }: Fleet): readonly Play[] {
  const [one, reader] = [anyOf(slots), anyOf(readers)]
  const { near, ways } = one
  if (near === undefined) return []
  const name = one.name
  const ofLink = { slot: one, isOfRedis: false }
  return [
    {
      fault: `SIGSTOP ${name}`,
      weight: 5,
      slot: one,
      run: async () => {
        one.pause()
        await rest(pause)
        one.resume()
      },
    },
    {
      fault: `SIGKILL ${reader.name}`,
      weight: 2,
      slot: reader,
      isOfRedis: false,
      run: async () => {
        reader.kill()
      },
    },
    {
      ...ofLink,
      fault: `cut the near link of ${name}`,
      weight: 3,
      run: () => disturb([near], 'cut', fault),
    },
    hangLinkOf(one, near),
    {
      ...ofLink,
      fault: `delay the near link of ${name}`,
      weight: 5,
      run: async () => {
        near.delay(between(5, 700))
        await rest(fault)
        near.restore()
      },
    },
    {
      fault: `cut all of Redis from ${name}`,
      weight: 2,
      slot: one,
      run: () => disturb(ways, 'cut', fault),
    },
    {
      fault: `hang all of Redis for ${name}`,
      weight: 3,
      slot: one,
      run: () => disturb(ways, 'hang', fault),
    },
  ]
}

function hangLinkOf(slot: WorkerSlot, near: FaultProxy): Play {
  return {
    slot,
    isOfRedis: false,
    fault: `hang the near link of ${slot.name}`,
    weight: 5,
    run: () => disturb([near], 'hang', fault),
  }
}
