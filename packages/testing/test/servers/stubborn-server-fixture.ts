// Ends a server that ignores the order to stop and whose data take a while to remove, in a process
// that has nothing else to wait for. Prints the ids of its processes, and whether data are left.
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { GuardedProcess } from '../../src/servers/guarded-process.ts'
import { processTree } from '../../src/servers/process-tree.ts'

const dir = mkdtempSync(path.join(tmpdir(), 'headwater-stubborn-'))
for (let file = 0; file < 20_000; file += 1) writeFileSync(path.join(dir, String(file)), '')
const stubborn = await GuardedProcess.start({
  name: 'it',
  command: 'sh',
  args: ['-c', 'trap "" INT; sleep 60 & echo serving; wait'],
  dir,
  ready: /serving/,
})
const pids = await processTree(stubborn.pid)
await stubborn.end()
console.log(JSON.stringify([pids, existsSync(dir)]))
