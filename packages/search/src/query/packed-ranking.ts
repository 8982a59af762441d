import type { FusedCourse, LegRank, Ranking } from './fusion/fuse.ts'

/**
 * A ranking as numbers alone, eight for each course: id and score, then rank and score by meaning,
 * by words and of the reranker; rank 0 where it has none. The cache copies them in one go for each
 * reader.
 */
export type PackedCourses = readonly number[]

/** Numbers of one course. */
const width = 8

/** Packs courses, best first. */
export function packed(found: Ranking): PackedCourses {
  return found
    .slice(0, found.length)
    .flatMap(({ id, score, legs: { dense, lexical, rerank } }) => [
      id,
      score,
      ...numbersOf(dense),
      ...numbersOf(lexical),
      ...numbersOf(rerank),
    ])
}

/** A line of numbers per course; the reranker's are left out where it has none. */
export function linesOf(numbers: PackedCourses): string {
  const lines: string[] = []
  for (let at = 0; at < numbers.length; at += width) {
    const isReranked = (numbers[at + 6] ?? 0) > 0
    lines.push(numbers.slice(at, at + (isReranked ? width : width - 2)).join())
  }
  return lines.join('\n')
}

/** Packs the courses of lines. Throws when they are none. */
export function packedFrom(lines: string): PackedCourses {
  if (lines === '') return []
  const courses: unknown = JSON.parse(`[[${lines.replaceAll('\n', '],[')}]]`)
  const numbers = (courses as unknown[][]).flatMap(numbersOfLine)
  if (!numbers.every((number) => typeof number === 'number'))
    throw new TypeError('a course of a ranking is stored as numbers')
  return numbers
}

/** A later release may write more numbers: these are ignored. */
function numbersOfLine(course: readonly unknown[]): readonly unknown[] {
  if (course.length === width - 2) return [...course, 0, 0]
  if (course.length < width) throw new TypeError('a course of a ranking lacks numbers')
  return course.length === width ? course : course.slice(0, width)
}

/** Unpacks a course only when it is read: most of a stored ranking never is. */
export class PackedRanking implements Ranking {
  readonly #numbers: PackedCourses

  constructor(numbers: PackedCourses) {
    this.#numbers = numbers
  }

  get length(): number {
    return this.#numbers.length / width
  }

  slice(from: number, to: number): FusedCourse[] {
    const courses: FusedCourse[] = []
    const end = Math.min(to * width, this.#numbers.length)
    for (let at = from * width; at < end; at += width) courses.push(this.#courseAt(at))
    return courses
  }

  #courseAt(at: number): FusedCourse {
    const legs: { -readonly [Name in keyof FusedCourse['legs']]: LegRank } = {}
    const [dense, lexical, rerank] = [this.#legAt(at + 2), this.#legAt(at + 4), this.#legAt(at + 6)]
    if (dense !== undefined) legs.dense = dense
    if (lexical !== undefined) legs.lexical = lexical
    if (rerank !== undefined) legs.rerank = rerank
    return { id: this.#numbers[at] ?? 0, score: this.#numbers[at + 1] ?? 0, legs }
  }

  #legAt(at: number): LegRank | undefined {
    const rank = this.#numbers[at] ?? 0
    return rank > 0 ? { rank, score: this.#numbers[at + 1] ?? 0 } : undefined
  }
}

function numbersOf({ rank, score }: LegRank = { rank: 0, score: 0 }): [number, number] {
  return [rank, score]
}
