// npm run mutate -- NAME [PART-OF-A-PATH] [--sample N] [--json]: breaks the subtlest code in small
// ways and expects tests to fail. --sample N tries every Nth mutant.
import { install, runFromSource } from './run.mjs'

await install()
await runFromSource('tools/mutate/mutate.mjs', process.argv.slice(2))
