import { parseArgs } from 'node:util'
import { runDemo, showApi } from './demo.ts'
import { embedderNames, isEmbedderName } from './embedders.ts'
import { Ending } from './ending.ts'
import { hostNames, isHostName } from './hosts.ts'
import { Output } from './output.ts'

const {
  values: { once, json, host, embedder },
} = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    host: { type: 'string', default: 'express' },
    embedder: { type: 'string', default: 'openai' },
  },
})
if (!isHostName(host)) {
  console.error(`--host is one of ${hostNames.join(', ')}; got ${host}`)
  process.exit(2)
}
if (!isEmbedderName(embedder)) {
  console.error(`--embedder is one of ${embedderNames.join(', ')}; got ${embedder}`)
  process.exit(2)
}

const ending = new Ending()
const output = new Output(process.stdout)
// The reader of our output is gone.
process.stdout.on('error', () => {
  void ending.end().then(() => process.exit(1))
})

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
for (const [signal, code] of Object.entries(exitCodes)) {
  process.on(signal, () => {
    output.isMuted = true
    void ending.end().then(() => {
      if (!ending.isExpected) process.exit(code)
    })
  })
}

const { summary, api } = await runDemo(output, ending, { host, embedder })
const isComplete =
  Object.values(summary.flows).every((kept) => kept !== false) && summary.host.answers
if (!once && isComplete && api !== undefined && !ending.hasBegun) await showApi(api, output, ending)
await ending.end()
if (json) process.stdout.write(`${JSON.stringify(summary)}\n`)
process.exit(isComplete ? 0 : 1)
