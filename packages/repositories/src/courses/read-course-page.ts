import { okAsync } from '@headwater/core'
import type { InvalidInput, ResultAsync, SqlError, Stores } from '@headwater/core'
import { readList } from '../sql.ts'
import type { ListReadOptions } from '../sql.ts'
import type { ValidCourseList } from './course-list.ts'
import { selectCoursePage } from './course-list-query.ts'
import { isFoundByIndex, selectPopularPage } from './popularity-queries.ts'
import type { PopularRow } from './popularity-queries.ts'
import type { CourseRow } from './course-queries.ts'

/**
 * Reads the rows of a page and one more, if another page follows. Costs 1 PostgreSQL round trip; by
 * popularity 2 where the most popular courses do not fill the page.
 */
export function readCoursePage(
  stores: Stores,
  options: ValidCourseList,
  call: ListReadOptions,
): ResultAsync<readonly CourseRow[], SqlError | InvalidInput> {
  const readAll = () =>
    readList<CourseRow>(stores, selectCoursePage(options), call).map(({ rows }) => rows)
  if (options.sort !== 'popularity' || isFoundByIndex(options)) return readAll()
  return readList<PopularRow>(stores, selectPopularPage(options), call).andThen(({ rows }) =>
    rows[0]?.is_cut_short === true ? readAll() : okAsync(rows.filter(isCourse)),
  )
}

function isCourse(row: PopularRow): row is CourseRow & PopularRow {
  return row.id !== null
}
