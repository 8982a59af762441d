import { parseArgs } from 'node:util'
import { runDemo } from './demo.ts'
import { Ending } from './ending.ts'
import { Output } from './output.ts'

const { values: { once, json } } = parseArgs({ options: { once: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } } })

const ending = new Ending()
const output = new Output(process.stdout)
// Whoever read our output is gone: so are we.
process.stdout.on('error', () => { void ending.end().then(() => process.exit(1)) })

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
for (const [signal, code] of Object.entries(exitCodes)) {
  process.on(signal, () => { void ending.end().then(() => process.exit(ending.isExpected ? 0 : code)) })
}

const report = await runDemo({ output, ending, once })
if (!ending.hasBegun) {
  if (!once && report.isComplete) await ending.untilBegun()
  await ending.end()
  if (json) process.stdout.write(`${JSON.stringify(report.summary)}\n`)
  process.exit(report.isComplete ? 0 : 1)
}
