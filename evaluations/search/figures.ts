import { confidenceOf, rounded } from './confidence.ts'
import type { Interval } from './confidence.ts'
import type { LabelledQuery } from './labelled-queries.ts'

/** The quality of answers, each figure from 0 to 1. */
export interface Figures {
  /**
   * Normalised discounted cumulative gain of the first ten: 1 for the best order.
   */
  readonly ndcg10: number
  /**
   * Share of the wanted courses among the first ten; at most ten count as wanted.
   */
  readonly recall10: number
  /** Share of the queries without an answer. */
  readonly zeroRate: number
}

/** A query with the titles that were found, best first. */
export interface Answer {
  readonly labelled: LabelledQuery
  readonly found: readonly string[]
}

const depth = 10

/** The means over all answers. */
export function figuresOf(answers: readonly Answer[]): Figures {
  return {
    ndcg10: mean(answers.map(ndcg)),
    recall10: mean(answers.map(recall)),
    zeroRate: mean(answers.map(({ found }) => (found.length === 0 ? 1 : 0))),
  }
}

/** The ranges in which the figures of two ways lie, and in which their difference does. */
export function compareWays(
  words: readonly Answer[],
  hybrid: readonly Answer[],
): Readonly<Record<'lexical' | 'hybrid' | 'gain', Interval>> {
  const [ofWords, ofHybrid] = [words.map(ndcg), hybrid.map(ndcg)]
  return {
    lexical: confidenceOf(ofWords),
    hybrid: confidenceOf(ofHybrid),
    gain: confidenceOf(ofHybrid.map((value, index) => value - (ofWords[index] ?? 0))),
  }
}

/** For a query that wants nothing, nothing is the best answer. */
function ndcg({ labelled: { wanted }, found }: Answer): number {
  if (wanted.size === 0) return found.length === 0 ? 1 : 0
  const ideal = gain([...wanted.values()].sort((one, other) => other - one))
  return gain(found.map((title) => wanted.get(title) ?? 0)) / ideal
}

function gain(grades: readonly number[]): number {
  return grades
    .slice(0, depth)
    .reduce((sum, grade, index) => sum + (2 ** grade - 1) / Math.log2(index + 2), 0)
}

function recall({ labelled: { wanted }, found }: Answer): number {
  if (wanted.size === 0) return found.length === 0 ? 1 : 0
  return (
    found.slice(0, depth).filter((title) => wanted.has(title)).length / Math.min(depth, wanted.size)
  )
}

function mean(numbers: readonly number[]): number {
  return numbers.length === 0
    ? 0
    : rounded(numbers.reduce((sum, number) => sum + number, 0) / numbers.length)
}
