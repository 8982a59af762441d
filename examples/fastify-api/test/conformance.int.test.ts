import { fileURLToPath } from 'node:url'
import { conformance } from '@headwater-examples/conformance'
import { serve } from '../src/index.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const command = ['--conditions=headwater-source', main]
conformance({ name: 'Fastify', serve, command })
