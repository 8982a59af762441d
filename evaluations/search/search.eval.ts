// The quality of search by words, by vectors and by both, over labelled queries. One half of them
// was never used to tune the ranking.
//
//   npm run eval -- search [--embedder NAME] [--json] [--verbose]
//
// Without --embedder the hashing embedder and the recorded sentence model are compared.
import { parseArgs } from 'node:util'
import { answersOf } from './answers.ts'
import { readCollections } from './collections.ts'
import { embedders, isEmbedder } from './embedders.ts'
import { readLabelledQueries } from './labelled-queries.ts'
import { printMisses, printPart, reportOf } from './reports.ts'

const { values } = parseArgs({
  options: {
    embedder: { type: 'string', multiple: true, default: ['hashing', 'model'] },
    json: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const names = values.embedder.map((name) => {
  if (isEmbedder(name)) return name
  throw new Error(`--embedder is one of: ${Object.keys(embedders).join(', ')}`)
})
const collections = await readCollections()
const queries = await readLabelledQueries(collections)
const chosen = await Promise.all(names.map((name) => embedders[name]()))
const answersOfAll = await answersOf(queries, { collections, embedders: chosen }, (line) => {
  process.stderr.write(`${line}\n`)
})
const reports = names.flatMap((embedder, index) => {
  const answers = answersOfAll[index]
  if (answers === undefined) return []
  if (values.verbose) printMisses(answers)
  const [small, large] = [reportOf(answers, 'small'), reportOf(answers, 'large')]
  if (!values.json)
    for (const [size, report] of Object.entries({ small, large })) {
      printPart(`${embedder}, ${size} catalogue, tuning half`, report.tuning)
      printPart(`${embedder}, ${size} catalogue, held-out half`, report.heldOut)
    }
  return [{ eval: 'search', embedder, ...small, large }]
})
// The keys of the first one stand at the top, as when there was one only.
if (values.json) console.log(JSON.stringify({ ...reports[0], others: reports.slice(1) }))
