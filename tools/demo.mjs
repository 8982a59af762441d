// npm run demo: installs, then runs the three flows on the four stores.
import { install, runFromSource } from './run.mjs'

await install()
await runFromSource('examples/demo/src/main.ts', process.argv.slice(2))
