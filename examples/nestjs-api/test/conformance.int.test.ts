import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { conformance } from '@headwater-examples/conformance'
import { serve } from '../src/index.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
// Node.js strips types and leaves decorators alone: tsx compiles them.
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const command = ['--conditions=headwater-source', '--import', tsx, main]
conformance({ name: 'NestJS', serve, command })
