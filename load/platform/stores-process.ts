// The stores and their faults, in a process of their own: neither the application nor the generator
// waits for a stand-in or a proxy to compute.
import type { FaultName } from '../faults/fault.ts'
import { LoadStores } from './stores.ts'

/** What the process is told, each time for one reply. */
export type StoresOrder =
  | { readonly start: { readonly isProxied: boolean } }
  | { readonly begin: FaultName }
  | { readonly end: FaultName }
  | { readonly stop: true }

let stores: LoadStores | undefined

process.once('disconnect', () => {
  process.exit()
})
process.on('message', (order: StoresOrder) => {
  void obey(order).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})

async function obey(order: StoresOrder): Promise<object> {
  if ('start' in order) {
    stores = await LoadStores.start(order.start)
    return stores.addresses
  }
  if ('begin' in order) await stores?.begin(order.begin)
  else if ('end' in order) await stores?.end(order.end)
  else await stores?.stop()
  return {}
}
