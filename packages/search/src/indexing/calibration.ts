import { CallBudget, eachInParallel, err, ok } from '@headwater/core'
import type { Clock, LoadFailed, Result } from '@headwater/core'
import type { EmbedError } from '../embedders/embedder.ts'
import type { VectorIndexError, VectorRecord } from '../vectors/vector-index.ts'
import type { Generation } from './generations.ts'
import { madeUpTexts } from './made-up-texts.ts'

/** The similarities of texts that have nothing to do with each other, in one generation. */
export interface Calibration {
  /** The median cosine similarity of such texts. */
  readonly typical: number
  /** The highest cosine similarity that such a text has to any course. */
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
const deadlineMs = 10_000

type Vectors = readonly (readonly number[])[]

/**
 * Measures a generation with texts that mean nothing: how similar they are to 100 courses, and to
 * the nearest of all courses. Costs one call of the embedder for 48 short texts, and 51 requests to
 * the index, 8 at once. An embedder that refuses those texts is measured by the 100 courses among
 * themselves, which are more similar than unrelated texts.
 */
export async function calibrate(
  generation: Generation,
  clock: Clock,
): Promise<Result<Calibration, CalibrationError>> {
  const budget = new CallBudget(clock, { deadlineMs })
  const sample = await sampleOf(generation, budget)
  if (sample.isErr()) return err(sample.error)
  if (sample.value.length === 0) return ok(uncalibrated)
  const stats = await generation.index.stats(budget.left())
  if (stats.isErr()) return err(stats.error)
  const courses = Math.max(stats.value.recordCount, sample.value.length)
  const embedded = await generation.embedder.embed(madeUpTexts, {
    ...budget.left(),
    purpose: 'query',
  })
  if (embedded.isErr() && embedded.error.type === 'invalid-input') {
    const pairs = similaritiesAmong(sample.value)
    return ok({ typical: median(pairs), floor: Math.max(median(pairs), ...pairs), courses })
  }
  if (embedded.isErr()) return err(embedded.error)
  const typical = median(
    embedded.value.flatMap((text) => sample.value.map((course) => cosine(text, course))),
  )
  const nearest = await nearestTo(embedded.value, generation, budget)
  return nearest.map((similarity) => ({
    typical,
    floor: Math.max(typical, similarity),
    courses,
  }))
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

/** The similarity of the text and the course that are the most similar. */
async function nearestTo(
  texts: Vectors,
  { index, name }: Generation,
  budget: CallBudget,
): Promise<Result<number, VectorIndexError>> {
  const filter = { op: 'eq', key: 'generation', value: name } as const
  const nearest = await eachInParallel(texts, queriesAtOnce, (vector) =>
    index.query({ vector, topK: 1, filter }, budget.left()),
  )
  return nearest.map((found) => Math.max(-1, ...found.flat().map(({ score }) => score)))
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
