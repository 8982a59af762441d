// npm run soak -- NAME [--seconds N] [--json]: runs one promise under faults; the files of
// benchmarks/ are the names.
import { existsSync, readdirSync } from 'node:fs'
import { install, runFromSource } from './run.mjs'

const [name, ...args] = process.argv.slice(2)
const script = `benchmarks/${name}.soak.ts`
if (name === undefined || !existsSync(script)) {
  const names = readdirSync('benchmarks').flatMap(
    (file) => /^(.*)\.soak\.ts$/.exec(file)?.[1] ?? [],
  )
  console.error(
    `usage: npm run soak -- NAME [--seconds N] [--json]\nNAME is one of: ${names.join(', ')}`,
  )
  process.exit(2)
}
await install()
await runFromSource(script, args)
