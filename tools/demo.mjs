// npm run demo: installs, then runs the three flows on the four stores and the API on a framework.
import { install, runFromSource } from './run.mjs'

await install()
const args = process.argv.slice(2)
// Node.js strips types; the decorators of NestJS have to be compiled.
const tsx = new URL('../examples/nestjs-api/node_modules/tsx/dist/loader.mjs', import.meta.url).href
await runFromSource(
  'examples/demo/src/main.ts',
  args,
  args.includes('nestjs') ? ['--import', tsx] : [],
)
