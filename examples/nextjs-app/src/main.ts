import { closeOnSignals, hostOptionsFrom } from '@headwater-examples/elearning'
import { start } from './server.ts'

await closeOnSignals(() => start(hostOptionsFrom()))
