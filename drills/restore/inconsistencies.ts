import { orThrow } from '@headwater/core'
import { database, type Platform } from './platform.ts'
import type { Ledger } from './work.ts'

/** What other stores hold that PostgreSQL denies, by kind: the number of each. */
export interface Inconsistencies {
  /** Courses and profiles that caches return in another state than their rows are in. */
  readonly caches: number
  /** Sessions that began after the restored moment and are still valid. */
  readonly sessions: number
  /** Documents that name a user or a course without a row. */
  readonly documentsWithoutRow: number
  /** Documents of events that were never published. */
  readonly documentsWithoutEvent: number
  /** Vectors of courses that are not published or do not exist. */
  readonly vectorsWithoutRow: number
  /** Courses without a vector, or with the vector of another text. */
  readonly wrongVectors: number
  /** Courses in the order by popularity that do not belong there, or are missing. */
  readonly popular: number
}

/** What was done before the restored moment, and after it. */
export interface Ledgers {
  readonly before: Ledger
  readonly after: Ledger
}

/** Compares every store with the rows of PostgreSQL, by statements of its own. Changes nothing. */
export async function findInconsistencies(
  platform: Platform,
  { before, after }: Ledgers,
): Promise<Inconsistencies> {
  const rows = await readRows(platform)
  const { orphaned, missing, stale } = orThrow(await platform.search.index.verify())
  return {
    caches: await staleReads(platform, rows, {
      users: [...before.users, ...after.users],
      courses: [...before.courses, ...after.courses],
    }),
    sessions: await validOf(platform, after.tokens),
    ...(await strayDocuments(platform, rows)),
    vectorsWithoutRow: orphaned,
    wrongVectors: missing + stale,
    popular: await strayPopular(platform, rows),
  }
}

/** The number of sessions that are valid. */
export async function validOf({ sessions }: Platform, tokens: readonly string[]): Promise<number> {
  const found = await Promise.all(tokens.map(async (token) => orThrow(await sessions.get(token))))
  return found.filter((session) => session !== undefined).length
}

interface Rows {
  readonly users: ReadonlySet<number>
  /** Version, whether it is published and number of students, by id. */
  readonly courses: ReadonlyMap<number, CourseRow>
  readonly events: ReadonlySet<string>
}

interface CourseRow {
  readonly id: number
  readonly version: string
  readonly is_published: boolean
  readonly current_enrollment: number
}

async function readRows({ stores: { postgres } }: Platform): Promise<Rows> {
  const select = async <Row extends object>(text: string): Promise<readonly Row[]> =>
    orThrow(await postgres.query<Row>(text)).rows
  const users = await select<{ id: number }>('SELECT id FROM @schema.users')
  const courses = await select<CourseRow>(
    'SELECT id, version::text AS version, is_published, current_enrollment FROM @schema.courses',
  )
  const events = await select<{ id: string }>('SELECT id::text AS id FROM @schema.outbox')
  return {
    users: new Set(users.map(({ id }) => id)),
    courses: new Map(courses.map((course) => [course.id, course])),
    events: new Set(events.map(({ id }) => id)),
  }
}

async function staleReads(
  { users, courses }: Platform,
  rows: Rows,
  ids: { readonly users: readonly number[]; readonly courses: readonly number[] },
): Promise<number> {
  const profiles = orThrow(await users.getMany(ids.users))
  const ghosts = ids.users.filter((id) => profiles.has(id) !== rows.users.has(id))
  const cached = orThrow(await courses.getMany(ids.courses))
  const stale = ids.courses.filter((id) => {
    const [seen, row] = [cached.get(id), rows.courses.get(id)]
    return seen?.version !== (row === undefined ? undefined : Number(row.version))
  })
  return ghosts.length + stale.length
}

/** Types of activity that the drill records by an event of the outbox. */
const recordedWithEvent: readonly string[] = ['user.registered', 'terms.accepted']

interface NamingDocument {
  readonly _id: string
  readonly user_id?: number | null
  readonly course_id?: number
  readonly event_type?: string
  readonly event_data?: { readonly courseId?: number }
  readonly results?: readonly { readonly course_id: number }[]
}

async function strayDocuments(
  { stores }: Platform,
  { users, courses, events }: Rows,
): Promise<Pick<Inconsistencies, 'documentsWithoutRow' | 'documentsWithoutEvent'>> {
  const read = async (name: string): Promise<NamingDocument[]> =>
    (await stores.mongodb?.client.db(database).collection<NamingDocument>(name).find().toArray()) ??
    []
  const activities = await read('user_activity')
  const enrollments = await read('enrollment_events')
  const searches = await read('search_logs')
  const isStray = (document: NamingDocument): boolean => {
    const named = [document.course_id, document.event_data?.courseId]
    const shown = (document.results ?? []).map(({ course_id: id }) => id)
    return (
      (document.user_id != null && document.user_id > 0 && !users.has(document.user_id)) ||
      [...named, ...shown].some((id) => id !== undefined && !courses.has(id))
    )
  }
  const ofEvents = [
    ...enrollments,
    ...activities.filter(({ event_type: type = '' }) => recordedWithEvent.includes(type)),
  ]
  return {
    documentsWithoutRow: [...activities, ...enrollments, ...searches].filter(isStray).length,
    // What was rebuilt from rows has ids of its own.
    documentsWithoutEvent: ofEvents.filter(({ _id }) => !_id.includes(':') && !events.has(_id))
      .length,
  }
}

async function strayPopular({ stores }: Platform, { courses }: Rows): Promise<number> {
  const { redis } = stores
  const members = orThrow(
    await redis.run('drill', (client) =>
      client.zRangeWithScores(`${redis.keyPrefix}courses:popular`, 0, -1),
    ),
  )
  const belongs = ({ is_published: isPublished, current_enrollment: students }: CourseRow) =>
    isPublished && students > 0
  const scores = new Map(
    members.map(({ value, score }) => [Number(value), score] as const).filter(([id]) => id > 0),
  )
  const strays = [...scores].filter(([id, score]) => {
    const course = courses.get(id)
    return course === undefined || !belongs(course) || course.current_enrollment !== score
  })
  const missing = [...courses.values()].filter((row) => belongs(row) && !scores.has(row.id))
  return strays.length + missing.length
}
