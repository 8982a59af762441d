// npm run mutate -- NAME [PART-OF-A-PATH] [--json]: breaks the subtlest code in small ways and
// expects tests to fail.
import { install, runFromSource } from './run.mjs'

await install()
await runFromSource('tools/mutate/mutate.mjs', process.argv.slice(2))
