// The quality of search by words, by vectors and by both, over labelled queries. One half of them
// was never used to tune the ranking.
//
//   npm run eval -- search [--embedder hashing|model|narrow|unranked] [--json] [--verbose]
//
// Without --embedder the hashing embedder and the recorded sentence model are compared.
import { parseArgs } from 'node:util'
import { readCatalogue } from '../../examples/catalogue/src/index.ts'
import { answersOf, ways } from './answers.ts'
import type { Answers, Way } from './answers.ts'
import { embedders, isEmbedder } from './embedders.ts'
import type { EmbedderName } from './embedders.ts'
import { figuresOf } from './figures.ts'
import type { Figures } from './figures.ts'
import { queryClasses, readFurtherCourses, readLabelledQueries } from './labelled-queries.ts'
import type { LabelledQuery } from './labelled-queries.ts'

type Compared = Readonly<Record<Way, Figures>>

const { values } = parseArgs({
  options: {
    embedder: { type: 'string', multiple: true, default: ['hashing', 'model'] },
    json: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const catalogue = await readCatalogue()
const furtherCourses = await readFurtherCourses()
const queries = await readLabelledQueries([...catalogue.courses, ...furtherCourses])

const names = values.embedder.map((name) => {
  if (isEmbedder(name)) return name
  throw new Error(`--embedder is one of: ${Object.keys(embedders).join(', ')}`)
})
const chosen = await Promise.all(names.map((name) => embedders[name]()))
const searched = { catalogue, furtherCourses, embedders: chosen }
const answersOfAll = await answersOf(queries, searched, (line) => {
  process.stderr.write(`${line}\n`)
})
const reports = names.flatMap((name, index) => {
  const answers = answersOfAll[index]
  return answers === undefined ? [] : [reportOf(name, answers)]
})
// The keys of the first one stand at the top, as when there was one only.
if (values.json) console.log(JSON.stringify({ ...reports[0], others: reports.slice(1) }))

interface Report extends Compared {
  readonly eval: 'search'
  readonly embedder: EmbedderName
  readonly queries: number
  readonly byClass: Record<string, Compared>
  readonly tuning: Half
  readonly heldOut: Half
}

interface Half extends Compared {
  readonly byClass: Record<string, Compared>
}

function reportOf(embedder: EmbedderName, answers: Answers): Report {
  const both = halfOf(answers, () => true)
  const tuning = halfOf(answers, ({ half }) => half === 'tuning')
  const heldOut = halfOf(answers, ({ half }) => half === 'heldOut')
  if (values.verbose) printMisses(answers)
  if (!values.json) {
    printHalf(`${embedder}, tuning half`, tuning)
    printHalf(`${embedder}, held-out half`, heldOut)
    printHalf(`${embedder}, both`, both)
  }
  return { eval: 'search', embedder, queries: queries.length, ...both, tuning, heldOut }
}

function halfOf(answers: Answers, isCounted: (labelled: LabelledQuery) => boolean): Half {
  return { ...compare(answers, isCounted), byClass: byClass(answers, isCounted) }
}

function compare(answers: Answers, isCounted: (labelled: LabelledQuery) => boolean): Compared {
  const counted = (way: keyof Answers): Figures =>
    figuresOf(answers[way].filter(({ labelled }) => isCounted(labelled)))
  return { lexical: counted('lexical'), dense: counted('dense'), hybrid: counted('hybrid') }
}

function byClass(
  answers: Answers,
  isCounted: (labelled: LabelledQuery) => boolean,
): Record<string, Compared> {
  return Object.fromEntries(
    queryClasses.map((name) => [
      name,
      compare(answers, (labelled) => labelled.class === name && isCounted(labelled)),
    ]),
  )
}

function printHalf(title: string, { byClass: classes, ...overall }: Half): void {
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
function printMisses(answers: Answers): void {
  for (const [index, { labelled, found }] of answers.hybrid.entries()) {
    const figure = (way: Way): string =>
      figuresOf(answers[way].slice(index, index + 1)).ndcg10.toFixed(2)
    if (labelled.half !== 'tuning' || figure('hybrid') === '1.00') continue
    const figures = ways.map((way) => `${way} ${figure(way)}`).join(', ')
    const first = found.slice(0, 4).join('; ')
    console.log(`${labelled.class}: ${labelled.query} (${figures}): ${first}`)
  }
}
