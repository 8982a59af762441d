import type { StoreName } from './rung.ts'
import type { StartedStore, StoreAddresses } from './store-address.ts'

/**
 * Completes a started store with its address. A store whose address cannot be determined is
 * stopped, so that a failed start leaves nothing running.
 *
 * @throws the error of `addressOf`.
 */
export async function startedStore<N extends StoreName>(
  stop: () => Promise<void>,
  addressOf: () => Promise<Omit<StoreAddresses[N], 'rung'>>,
): Promise<StartedStore<N>> {
  try {
    return { address: await addressOf(), stop }
  } catch (error) {
    await stop()
    throw error
  }
}
