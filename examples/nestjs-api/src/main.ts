import { closeOnSignals, startFromEnv } from '@headwater-examples/elearning'
import { serve } from './server.ts'

await closeOnSignals(() => startFromEnv(serve))
