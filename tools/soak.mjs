// npm run soak -- NAME [--seconds N] [--json] [--near] [--cluster]: runs one promise under faults.
import { runNamed } from './run-named.mjs'

await runNamed({
  folder: 'soaks',
  kind: 'soak',
  options: '[--seconds N] [--json], for cache also [--near] or [--cluster]',
})
