import type { PackageMissing, StoreName } from '../errors.ts'
import { withCause } from './with-cause.ts'

/** The failure of a store whose package could not be imported. */
export function packageMissing(store: StoreName, name: string, cause: unknown): PackageMissing {
  const command = `npm install ${name}`
  const message = `${store} needs the package ${name}, which cannot be loaded: ${command}`
  return withCause(
    { type: 'package-missing', message, retryable: false, store, package: name, command },
    cause,
  )
}
