// npm run docs: builds the reference of all packages into docs/reference.
import { install, run } from './run.mjs'

await install()
const { code } = await run('pnpm', ['exec', 'typedoc'], { inherit: true })
process.exit(code)
