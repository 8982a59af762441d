// The Express example with its defaults, in a process of its own.
import { once } from 'node:events'
import { openExample, sessionsOf } from '../../benchmarks/api/example.ts'
import { serve } from '../../examples/express-api/src/index.ts'
import type { StoreAddresses } from './stores.ts'

/** So many requests a minute that no load meets the limit, though each request is counted. */
const noLimit = 100_000_000

/** The application, as the generator knows it. */
export interface ServedApp {
  readonly url: string
  /** A session of each user, in the order of their ids. */
  readonly tokens: readonly string[]
}

process.once('disconnect', () => {
  process.exit()
})
const [addresses] = (await once(process, 'message')) as [StoreAddresses]
process.send?.(await open(addresses).catch((error: unknown) => ({ error: String(error) })))

async function open(stores: StoreAddresses): Promise<ServedApp> {
  const services = await openExample({ ...stores, database: 'load' })
  const limits = { read: noLimit, write: noLimit, search: noLimit, register: noLimit }
  const { url } = await serve(services, { limits, onError: console.error })
  return { url, tokens: await sessionsOf(services) }
}
