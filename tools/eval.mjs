// npm run eval -- NAME [--json]: measures how good answers are, over labelled questions; the files
// of evaluations/ are the names.
import { existsSync, readdirSync } from 'node:fs'
import { install, runFromSource } from './run.mjs'

const [name, ...args] = process.argv.slice(2)
const script = `evaluations/${name}.eval.ts`
if (name === undefined || !existsSync(script)) {
  const names = readdirSync('evaluations').flatMap(
    (file) => /^(.*)\.eval\.ts$/.exec(file)?.[1] ?? [],
  )
  console.error(`usage: npm run eval -- NAME [--json]\nNAME is one of: ${names.join(', ')}`)
  process.exit(2)
}
await install()
await runFromSource(script, args)
