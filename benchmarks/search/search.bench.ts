// What a search costs: cached, against Redis by hand, and cold, beyond its slower leg; and what
// filling its index takes.
import { parseArgs } from 'node:util'
import { alternate } from '../measure/alternate.ts'
import { cachedContest } from './cached.ts'
import { coldOverheadMs } from './cold.ts'
import { openGrounds } from './grounds.ts'
import { reindexFigures } from './reindex.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const grounds = await openGrounds(say)
try {
  const figures = { ...(await queryFigures()), ...(await reindexFigures({ ...grounds, say })) }
  console.log(values.json ? JSON.stringify(figures) : figures)
} finally {
  await grounds.stop()
}

/** What a search costs. */
async function queryFigures() {
  const { contest, close } = await cachedContest(grounds)
  const cached = await alternate(contest, { warmUps: 10, alternations: 41 })
  await close()
  say(`cached: ${cached.oursUs.toFixed(0)} µs against ${cached.theirsUs.toFixed(0)} µs by hand`)
  return {
    cachedVsRaw: rounded(cached.timesFaster),
    coldOverheadMs: rounded(await coldOverheadMs(grounds)),
  }
}

function rounded(figure: number): number {
  return Math.round(figure * 100) / 100
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
