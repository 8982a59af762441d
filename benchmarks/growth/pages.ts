import { orThrow } from '@headwater/core'
import type { Page, PageOptions } from '@headwater/repositories'
import { alternate, type Contestant } from '../measure/alternate.ts'
import { say } from '../measure/say.ts'
import { cursorsOf, few, many, type GrowthFixture } from './growth-fixture.ts'

/** Pages that one round reads, spread over the list. */
const pages = 5

type List = (courseId: number, options: PageOptions) => PromiseLike<Page<unknown>>

/**
 * The cost of a page of 20 at 100,000 students as a multiple of one at 100, in rounds that take
 * turns. Profiles are cached in both.
 */
export async function pageFigures(fixture: GrowthFixture) {
  const { courses, enrollments } = fixture.repositories
  return {
    studentsPageGrowth: await growthOf('courses.students', fixture, async (id, options) =>
      orThrow(await courses.students(id, options)),
    ),
    listForCoursePageGrowth: await growthOf('listForCourse', fixture, async (id, options) =>
      orThrow(await enrollments.listForCourse(id, options)),
    ),
  }
}

async function growthOf(
  name: string,
  { smallId, bigId }: GrowthFixture,
  list: List,
): Promise<number> {
  const reader = async (courseId: number, length: number): Promise<Contestant> => {
    const cursors = await cursorsOf((options) => list(courseId, options), { length, pages })
    return () => async () => {
      for (const cursor of cursors)
        if ((await list(courseId, { cursor })).items.length < 20)
          throw new Error(`a page of ${name} was short`)
    }
  }
  const [small, big] = [await reader(smallId, few), await reader(bigId, many)]
  const { oursUs, theirsUs, timesFaster } = await alternate(
    { ours: small, theirs: big, operations: pages },
    { warmUps: 20, alternations: 41 },
  )
  say(`${name}: ${Math.round(oursUs)} µs a page at ${few}, ${Math.round(theirsUs)} at ${many}`)
  return timesFaster
}
