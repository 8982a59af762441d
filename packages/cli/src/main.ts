#!/usr/bin/env node
import { Console } from 'node:console'
import { run } from './run.ts'
import { processTerminal } from './terminal/process-terminal.ts'

// What a configuration or a library logs is no data.
globalThis.console = new Console(process.stderr)

const code = await run(process.argv.slice(2), processTerminal())
// A client that still waits for a store that hangs must not keep the process.
process.stdout.write('', () => process.exit(code))
