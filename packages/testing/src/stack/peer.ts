import { FailureError, packageMissing, type StoreName } from '@headwater/core'

/**
 * The package of a store, whose import is under way. Rejects with a `FailureError` that names the
 * package and the command that installs it.
 */
export async function peer<T>(store: StoreName, name: string, importing: Promise<T>): Promise<T> {
  try {
    return await importing
  } catch (error) {
    throw new FailureError(packageMissing(store, name, error))
  }
}
