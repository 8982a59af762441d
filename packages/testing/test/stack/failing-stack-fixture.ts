// Starts a stack whose Redis does not answer, prints the failure, and must then end by itself.
import { startTestStack } from '../../src/index.ts'

process.env['HEADWATER_REDIS_URL'] = 'redis://127.0.0.1:1'
try {
  await startTestStack()
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`)
}
