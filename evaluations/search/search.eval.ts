// The quality of search by words, by vectors and by both, over labelled queries. One half of them
// was never used to tune the ranking.
import { parseArgs } from 'node:util'
import { readCatalogue } from '../../examples/catalogue/src/index.ts'
import { answersOf, ways } from './answers.ts'
import type { Answers, Way } from './answers.ts'
import { figuresOf } from './figures.ts'
import type { Figures } from './figures.ts'
import { queryClasses, readFurtherCourses, readLabelledQueries } from './labelled-queries.ts'
import type { LabelledQuery } from './labelled-queries.ts'

type Compared = Readonly<Record<Way, Figures>>

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const catalogue = await readCatalogue()
const furtherCourses = await readFurtherCourses()
const queries = await readLabelledQueries([...catalogue.courses, ...furtherCourses])
const answers = await answersOf(queries, { catalogue, furtherCourses }, (line) => {
  process.stderr.write(`${line}\n`)
})

const report = {
  eval: 'search',
  queries: queries.length,
  ...compare(() => true),
  byClass: byClass(() => true),
  tuning: { ...compare(isOf('tuning')), byClass: byClass(isOf('tuning')) },
  heldOut: { ...compare(isOf('heldOut')), byClass: byClass(isOf('heldOut')) },
}

if (values.verbose) printMisses()
if (values.json) console.log(JSON.stringify(report))
else {
  printHalf('tuning half', report.tuning)
  printHalf('held-out half', report.heldOut)
  printHalf('both', report)
}

function isOf(half: LabelledQuery['half']): (labelled: LabelledQuery) => boolean {
  return (labelled) => labelled.half === half
}

function compare(isCounted: (labelled: LabelledQuery) => boolean): Compared {
  const counted = (way: keyof Answers): Figures =>
    figuresOf(answers[way].filter(({ labelled }) => isCounted(labelled)))
  return { lexical: counted('lexical'), dense: counted('dense'), hybrid: counted('hybrid') }
}

function byClass(isCounted: (labelled: LabelledQuery) => boolean): Record<string, Compared> {
  return Object.fromEntries(
    queryClasses.map((name) => [
      name,
      compare((labelled) => labelled.class === name && isCounted(labelled)),
    ]),
  )
}

function printHalf(
  title: string,
  { byClass: classes, ...overall }: Compared & { readonly byClass: Record<string, Compared> },
): void {
  const row = ([name, compared]: readonly [string, Compared]) =>
    [name, Object.fromEntries(ways.map((way) => [way, cell(compared[way])]))] as const
  console.log(`${title}: nDCG@10, recall@10, zero-result rate`)
  console.table(
    Object.fromEntries([...Object.entries(classes), ['all', overall] as const].map(row)),
  )
}

function cell({ ndcg10, recall10, zeroRate }: Figures): string {
  return [ndcg10, recall10, zeroRate].map((figure) => figure.toFixed(3)).join('  ')
}

/**
 * Prints the imperfect answers of the tuning half. The held-out half must not be inspected.
 */
function printMisses(): void {
  for (const [index, { labelled, found }] of answers.hybrid.entries()) {
    const figure = (way: Way): string =>
      figuresOf(answers[way].slice(index, index + 1)).ndcg10.toFixed(2)
    if (labelled.half !== 'tuning' || figure('hybrid') === '1.00') continue
    const figures = ways.map((way) => `${way} ${figure(way)}`).join(', ')
    const first = found.slice(0, 4).join('; ')
    console.log(`${labelled.class}: ${labelled.query} (${figures}): ${first}`)
  }
}
