// npm run eval -- NAME [--json]: measures the quality of answers over labelled questions.
import { runNamed } from './run-named.mjs'

await runNamed({ folder: 'evaluations', kind: 'eval', options: '[--json]' })
