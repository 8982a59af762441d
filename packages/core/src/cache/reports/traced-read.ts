import type { TracedWork } from '../../tracing/tracing.ts'
import { isBypass, type Look } from '../look.ts'

/** Where a read found its value; `bypass`: at its source, without the cache. */
type CacheResult = 'hit' | 'miss' | 'stale' | 'bypass'

/** A read of one value as tracers are told of it. */
export class TracedRead {
  readonly work: TracedWork

  constructor(cache: string) {
    this.work = workOf('get', cache)
    this.found('bypass')
  }

  /** Notes that a look did not answer. */
  missed(look: Look): void {
    this.found(isBypass(look) ? 'bypass' : 'miss')
  }

  /** Notes where the value was found. */
  found(result: CacheResult): void {
    this.work.attributes['headwater.cache.result'] = result
  }
}

/** A read of many values as tracers are told of it. */
export function tracedReadOfMany(cache: string): TracedWork {
  return workOf('getMany', cache)
}

function workOf(operation: string, cache: string): TracedWork {
  return {
    name: `cache.${operation} ${cache}`,
    part: 'cache',
    attributes: { 'headwater.cache.name': cache },
  }
}
