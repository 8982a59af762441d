import type { Abortable } from '../call-options.ts'
import { unlessAborted } from '../resilience/unless-aborted.ts'
import type { ResultAsync } from '../result.ts'
import type { CacheReadError } from './cache.ts'

/** Runs a read of a cache until its caller aborts; the load that it shares goes on. */
export function abortableRead<T>(
  cache: string,
  options: Abortable | undefined,
  read: () => ResultAsync<T, CacheReadError>,
): ResultAsync<T, CacheReadError> {
  return unlessAborted(options, { store: 'postgres', operation: `read ${cache}` }, read)
}
