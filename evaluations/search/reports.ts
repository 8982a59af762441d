import { ways } from './answers.ts'
import type { Answers, Way } from './answers.ts'
import { compareWays, figuresOf } from './figures.ts'
import type { Figures } from './figures.ts'
import { queryClasses } from './labelled-queries.ts'
import type { LabelledQuery } from './labelled-queries.ts'

/** The figures of each way, and where they lie with a confidence of 95 %. */
export interface Compared extends Readonly<Record<Way, Figures>> {
  readonly queries: number
  /** nDCG@10 of words, of both legs, and what both have over words. */
  readonly intervals: ReturnType<typeof compareWays>
}

/** The figures over some of the queries, and over each class of them. */
export interface Part extends Compared {
  readonly byClass: Readonly<Record<string, Compared>>
}

/** The figures over the queries of some collections, and over each half of them. */
export interface Report extends Part {
  readonly tuning: Part
  readonly heldOut: Part
}

/** The queries of the two small catalogues, or those of the large one. */
export type Size = 'small' | 'large'

/** Reports the answers to the queries of one size of catalogue. */
export function reportOf(answers: Answers, size: Size): Report {
  const isOfSize = ({ collection }: LabelledQuery): boolean =>
    (collection === 'large') === (size === 'large')
  const partOf = (half?: LabelledQuery['half']): Part => {
    const isCounted = (labelled: LabelledQuery): boolean =>
      isOfSize(labelled) && (half === undefined || labelled.half === half)
    const classes =
      size === 'large' ? queryClasses.large : [...queryClasses.sample, ...queryClasses.further]
    return {
      ...compare(answers, isCounted),
      byClass: Object.fromEntries(
        classes.map((name) => [
          name,
          compare(answers, (labelled) => labelled.class === name && isCounted(labelled)),
        ]),
      ),
    }
  }
  return { ...partOf(), tuning: partOf('tuning'), heldOut: partOf('heldOut') }
}

/** Prints a table of the figures. */
export function printPart(title: string, { byClass, ...overall }: Part): void {
  console.log(`${title}: nDCG@10, recall@10, zero-result rate`)
  console.table(
    Object.fromEntries(
      [...Object.entries(byClass), ['all', overall] as const].map(([name, compared]) => [
        name,
        rowOf(compared),
      ]),
    ),
  )
}

/** Prints the imperfect answers of the tuning half. The held-out half must not be inspected. */
export function printMisses(answers: Answers): void {
  for (const [index, { labelled, found }] of answers.hybrid.entries()) {
    const figure = (way: Way): string =>
      figuresOf(answers[way].slice(index, index + 1)).ndcg10.toFixed(2)
    if (labelled.half !== 'tuning' || figure('hybrid') === '1.00') continue
    const figures = ways.map((way) => `${way} ${figure(way)}`).join(', ')
    const first = found.slice(0, 4).join('; ')
    console.log(`${labelled.class}: ${labelled.query} (${figures}): ${first}`)
  }
}

function compare(answers: Answers, isCounted: (labelled: LabelledQuery) => boolean): Compared {
  const of = (way: Way) => answers[way].filter(({ labelled }) => isCounted(labelled))
  return {
    queries: of('hybrid').length,
    lexical: figuresOf(of('lexical')),
    dense: figuresOf(of('dense')),
    hybrid: figuresOf(of('hybrid')),
    intervals: compareWays(of('lexical'), of('hybrid')),
  }
}

function rowOf({ queries, intervals, ...compared }: Compared): Record<string, string | number> {
  const cell = ({ ndcg10, recall10, zeroRate }: Figures): string =>
    [ndcg10, recall10, zeroRate].map((figure) => figure.toFixed(3)).join('  ')
  return {
    queries,
    ...Object.fromEntries(ways.map((way) => [way, cell(compared[way])])),
    'over words, 95 %': intervals.gain.map((end) => end.toFixed(3)).join(' to '),
  }
}
