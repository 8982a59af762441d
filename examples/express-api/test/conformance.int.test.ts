import { fileURLToPath } from 'node:url'
import { conformance } from '@headwater-examples/conformance'
import { serve } from '../src/index.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
conformance({ name: 'Express', serve, command: ['--conditions=headwater-source', main] })
