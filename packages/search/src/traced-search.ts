import type { Result, TracedWork, Tracing } from '@headwater/core'
import type { FoundCourses, SearchError } from './query/search-result.ts'

/** Runs a search, and tells tracers of it. */
export function tracedSearch<Found extends FoundCourses>(
  tracing: Tracing,
  search: () => Promise<Result<Found, SearchError>>,
): Promise<Result<Found, SearchError>> {
  if (!tracing.isOn) return search()
  const work: TracedWork = { name: 'search courses', part: 'search', attributes: {} }
  return tracing.result(work, async () => {
    const found = await search()
    if (found.isErr()) return found
    const { mode, isCached, degraded, hits } = found.value
    work.attributes['headwater.search.mode'] = mode
    work.attributes['headwater.search.cached'] = isCached
    work.attributes['headwater.search.degraded'] = degraded.length > 0
    work.attributes['headwater.search.results'] = hits.length
    return found
  })
}
