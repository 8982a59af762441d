import type { LoggedPage, LoggedSearch, SearchEntry } from '../activity-entry.ts'
import type { DocumentUpdate } from '../bulk-write.ts'
import type { SearchResultDocument } from '../collections.ts'

/**
 * The update of a document of `search_logs`. A search, a page and a click each set their own
 * fields, or add to them, and those of the others only in a new document: their order does not
 * matter, and each may be written twice.
 */
export function searchUpdate(entry: SearchEntry): DocumentUpdate['update'] {
  const timestamp = new Date(entry.at)
  switch (entry.kind) {
    case 'search':
      return {
        $set: { ...searchFields(entry), timestamp },
        ...shown(entry),
        $setOnInsert: { clicked_result: null, click_position: null, clicks: [] },
      }
    case 'page':
      return { ...shown(entry), $setOnInsert: { timestamp } }
    case 'click': {
      const { courseId, position } = entry
      return {
        $set: { clicked_result: courseId, click_position: position },
        $addToSet: { clicks: { course_id: courseId, position } },
        $setOnInsert: { timestamp },
      }
    }
  }
}

function searchFields({ userId, query, searchType, durationMs, isCached }: LoggedSearch): object {
  return {
    user_id: userId,
    ...(query !== null && { query }),
    search_type: searchType,
    search_duration_ms: durationMs,
    // Entries that an earlier release has spilled do not know.
    cache_hit: isCached ?? null,
  }
}

function shown({
  resultsCount,
  hits,
}: LoggedSearch | LoggedPage): Pick<DocumentUpdate['update'], '$max' | '$addToSet'> {
  return {
    $max: { results_count: resultsCount },
    $addToSet: { results: { $each: hits.map(resultDocument) } },
  }
}

function resultDocument(hit: LoggedSearch['hits'][number]): SearchResultDocument {
  return {
    course_id: hit.courseId,
    position: hit.position,
    dense: hit.dense ?? null,
    lexical: hit.lexical ?? null,
    rerank: hit.rerank ?? null,
  }
}
