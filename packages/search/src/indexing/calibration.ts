import { CallBudget, eachInParallel, err, ok } from '@headwater/core'
import type { Clock, LoadFailed, Result } from '@headwater/core'
import { embedEach, isRefusalOfText } from '../embedders/embed-each.ts'
import type { EmbedError } from '../embedders/embedder.ts'
import type { VectorIndexError, VectorRecord } from '../vectors/vector-index.ts'
import type { Generation } from './generations.ts'
import { kindsOfMadeUp, madeUpTexts } from './made-up-texts.ts'
import { floorOf } from './similarity-floor.ts'
import type { NearestCourses } from './similarity-floor.ts'

/** The similarities of texts that have nothing to do with each other, in one generation. */
export interface Calibration {
  /** The median cosine similarity of such texts. */
  readonly typical: number
  /** A cosine similarity that such a text hardly ever has to any course: one text in 50. */
  readonly floor: number
  /** Records in the index when this was measured; 0 when there was nothing to measure. */
  readonly courses: number
}

/** Failures of measuring. */
export type CalibrationError = EmbedError | VectorIndexError | LoadFailed

/** Nothing is similar before there is something to measure. */
export const uncalibrated: Calibration = { typical: 1, floor: 1, courses: 0 }

const sampled = 100
const queriesAtOnce = 8

/** The longest time a measurement takes, in milliseconds. */
export const measuringMs = 10_000

/** As similar as a text without a meaning is not more similar, however the index rounds. */
const tie = 1e-6

/** Courses that are asked for: more than those that are near to any text. */
const nearestAsked = 20

type Vectors = readonly (readonly number[])[]

/** A text without a meaning. */
interface MadeUp {
  readonly kind: number
  readonly vector: readonly number[]
}

/** How a measurement is limited. */
export interface MeasuringOptions {
  readonly clock: Clock
  /** Ends it early. */
  readonly signal?: AbortSignal
}

/**
 * Measures a generation with texts that mean nothing: how similar they are to 100 courses, and to
 * the nearest of all courses. Costs one call of the embedder for 48 short texts, and 51 requests to
 * the index, 8 at once. A text that the embedder refuses is left out. An embedder that refuses them
 * all is measured by the 100 courses among themselves, which are more similar than unrelated texts.
 */
export async function calibrate(
  generation: Generation,
  { clock, signal }: MeasuringOptions,
): Promise<Result<Calibration, CalibrationError>> {
  const budget = new CallBudget(clock, { deadlineMs: measuringMs, signal })
  const sample = await sampleOf(generation, budget)
  if (sample.isErr()) return err(sample.error)
  if (sample.value.length === 0) return ok(uncalibrated)
  const stats = await generation.index.stats(budget.left())
  if (stats.isErr()) return err(stats.error)
  const courses = Math.max(stats.value.recordCount, sample.value.length)
  const embedded = await embedMadeUp(generation, budget)
  if (embedded.isErr()) return err(embedded.error)
  if (embedded.value.length === 0) {
    const pairs = similaritiesAmong(sample.value)
    return ok({ typical: median(pairs), floor: Math.max(median(pairs), ...pairs), courses })
  }
  const typical = median(
    embedded.value.flatMap(({ vector }) => sample.value.map((course) => cosine(vector, course))),
  )
  const nearest = await nearestTo(embedded.value, generation, budget)
  return nearest.map((texts) => ({
    typical,
    floor: Math.max(typical, floorOf(texts, courses)) + tie,
    courses,
  }))
}

/** The vectors of the texts without a meaning, of those that the embedder does not refuse. */
async function embedMadeUp(
  { embedder }: Generation,
  budget: CallBudget,
): Promise<Result<readonly MadeUp[], EmbedError>> {
  const options = { ...budget.left(), purpose: 'query' } as const
  const embedded = await embedEach(embedder, madeUpTexts, options)
  const failures = embedded.flatMap((text) => ('failure' in text ? text.failure : []))
  const failure = failures.find((each) => !isRefusalOfText(each))
  if (failure !== undefined) return err(failure)
  const madeUp = embedded.flatMap((text, index) =>
    'vector' in text ? [{ kind: kindsOfMadeUp[index] ?? 0, vector: text.vector }] : [],
  )
  return ok(madeUp.filter(({ vector }) => vector.every(Number.isFinite)))
}

/** The vectors of the first courses by id, as text: courses of every age. */
async function sampleOf(
  { index, name }: Generation,
  budget: CallBudget,
): Promise<Result<Vectors, VectorIndexError>> {
  const page = await index.list({ limit: sampled, ...budget.left() })
  if (page.isErr()) return err(page.error)
  if (page.value.ids.length === 0) return ok([])
  const records = await index.fetch(page.value.ids, budget.left())
  const isOfGeneration = ({ metadata }: VectorRecord): boolean => metadata['generation'] === name
  return records.map((found) =>
    [...found.values()].filter(isOfGeneration).map(({ values }) => values),
  )
}

/** The courses that are nearest to each text. */
async function nearestTo(
  texts: readonly MadeUp[],
  { index, name }: Generation,
  budget: CallBudget,
): Promise<Result<readonly NearestCourses[], VectorIndexError>> {
  const filter = { op: 'eq', key: 'generation', value: name } as const
  // An index may refuse a vector without a direction, which is similar to none.
  const directed = texts.filter(({ vector }) => vector.some((value) => value !== 0))
  const found = await eachInParallel(directed, queriesAtOnce, ({ kind, vector }) =>
    index
      .query({ vector, topK: nearestAsked, filter }, budget.left())
      .map((nearest) => ({ kind, nearest })),
  )
  return found
}

function similaritiesAmong(vectors: Vectors): number[] {
  return vectors.flatMap((one, index) =>
    vectors.slice(index + 1).map((other) => cosine(one, other)),
  )
}

function cosine(one: readonly number[], other: readonly number[]): number {
  let [dot, ofOne, ofOther] = [0, 0, 0]
  for (let at = 0; at < one.length; at += 1) {
    const [left, right] = [one[at] ?? 0, other[at] ?? 0]
    dot += left * right
    ofOne += left * left
    ofOther += right * right
  }
  return dot / Math.sqrt(ofOne * ofOther || 1)
}

/** Of no numbers, 1: a single course is no measure. */
function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 1
}
