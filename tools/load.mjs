// npm run load -- --minutes N --rate R [--json]: an open-loop load on the Express example, with
// faults on a schedule.
import { install, runFromSource } from './run.mjs'

await install()
await runFromSource('load/load.ts', process.argv.slice(2))
