import { Api, hostOptionsFrom, servicesFromEnv } from '@headwater-examples/elearning'
import type { Services } from '@headwater-examples/elearning'

/** The services of the process, and the API on them. */
export interface Headwater {
  readonly services: Services
  readonly api: Api
}

const key = Symbol.for('headwater')
/** Next.js evaluates this module for instrumentation, for routes and at each hot reload. */
const kept = globalThis as { [key]?: Promise<Headwater> }

/** Connects, migrates and starts the relay, once in a process. */
export function headwater(): Promise<Headwater> {
  return (kept[key] ??= open())
}

/** Takes these services in place of those that the environment describes. */
export function provide(headwater: Headwater): void {
  kept[key] = Promise.resolve(headwater)
}

async function open(): Promise<Headwater> {
  try {
    const services = await servicesFromEnv()
    return { services, api: new Api(services, hostOptionsFrom()) }
  } catch (error) {
    delete kept[key]
    throw error
  }
}
