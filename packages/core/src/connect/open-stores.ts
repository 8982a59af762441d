import type { InvalidInput, PackageMissing } from '../errors.ts'
import { failureIn } from '../failure/failure-error.ts'
import { err, ok, type Result } from '../result.ts'
import type { OpenedStore, StoreContext } from '../stores/store-kind.ts'
import { type ConnectSettings, invalidConnectOptions } from './parse-options.ts'
import { kindsByName, type StoresByName } from './store-kinds.ts'

/**
 * Opens every configured store without waiting for any. Fails, with nothing left open, when the
 * package of a store is not installed, or its client does not take the options.
 */
export async function openStores(
  { stores }: ConnectSettings,
  context: StoreContext,
): Promise<Result<readonly OpenedStore[], InvalidInput | PackageMissing>> {
  const opened: OpenedStore[] = []
  for (const [name, kind] of kindsByName) {
    const settings = stores.get(name)
    if (settings === undefined) continue
    try {
      opened.push(await kind.open(settings as never, context))
    } catch (error) {
      for (const store of opened) store.destroy()
      return err(failureIn<PackageMissing>(error) ?? notAccepted(name))
    }
  }
  return ok(opened)
}

/** The opened stores by name. */
export function byName(opened: readonly OpenedStore[]): StoresByName {
  const found = kindsByName.map(([name]) => [
    name,
    opened.find((store) => store.name === name)?.store,
  ])
  return Object.fromEntries(found) as StoresByName
}

/** The client's own message is left out: it may quote the URL, and with it the password. */
function notAccepted(store: string): InvalidInput {
  return invalidConnectOptions([{ field: store, message: 'was not accepted by the client' }])
}
