/** A text without a meaning, and the courses that are nearest to it, the nearest first. */
export interface NearestCourses {
  /** The number of its kind. */
  readonly kind: number
  readonly nearest: readonly { readonly id: string; readonly score: number }[]
}

/** How many deviations above its mean a kind of text is thought to come: one text in 50. */
const deviations = 2.5

/** A course among the nearest of more than this share of the texts is near to whatever is read. */
const shareOfHub = 1 / 4

/**
 * The similarity that hardly any text without a meaning has to any course: what the most similar
 * kind comes to, but no more than halfway from the nearest of all to 1, and no text but one is
 * nearer. Courses that are near to all of them, as those in a script are that the model cannot
 * read, say nothing of how similar the others are, and are passed over where they are few.
 */
export function floorOf(texts: readonly NearestCourses[], courses: number): number {
  const similarities = texts.flatMap(({ nearest }) => nearest[0]?.score ?? [])
  const [first = -1, second = first] = similarities.toSorted((one, other) => other - one)
  const hubs = hubsAmong(texts, courses)
  const kinds = Map.groupBy(texts, ({ kind }) => kind)
  const reached = [...kinds.values()].map((those) =>
    wellAbove(those.flatMap((text) => nearestBut(hubs, text))),
  )
  return Math.max(second, Math.min(Math.max(...reached), (first + 1) / 2))
}

/** Every course of a small catalogue is among the nearest: there are none. */
function hubsAmong(texts: readonly NearestCourses[], courses: number): ReadonlySet<string> {
  const depth = Math.min(10, Math.floor(courses / 100))
  const near = texts.flatMap(({ nearest }) => nearest.slice(0, depth).map(({ id }) => id))
  const times = Map.groupBy(near, (id) => id)
  const isHub = (id: string): boolean => (times.get(id)?.length ?? 0) > texts.length * shareOfHub
  return new Set([...times.keys()].filter(isHub))
}

/** What is further away than all that were asked for is at most as similar as the last of them. */
function nearestBut(hubs: ReadonlySet<string>, { nearest }: NearestCourses): number[] {
  const found = nearest.find(({ id }) => !hubs.has(id)) ?? nearest.at(-1)
  return found === undefined ? [] : [found.score]
}

function wellAbove(similarities: readonly number[]): number {
  const { length } = similarities
  if (length === 0) return -1
  const mean = similarities.reduce((sum, each) => sum + each, 0) / length
  const squares = similarities.reduce((sum, each) => sum + (each - mean) ** 2, 0)
  return mean + deviations * Math.sqrt(squares / Math.max(1, length - 1))
}
