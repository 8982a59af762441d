// npm run bench -- NAME [--json]: measures one claim of speed.
import { runNamed } from './run-named.mjs'

await runNamed({ folder: 'benchmarks', kind: 'bench', options: '[--json]' })
