// npm run drill -- NAME [--json]: plays one disaster and the way back, and proves the outcome.
import { runNamed } from './run-named.mjs'

await runNamed({ folder: 'drills', kind: 'drill', options: '[--json]' })
