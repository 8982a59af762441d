// Starts a stack whose Redis does not answer, prints the failure and the processes that are left,
// and must then end by itself.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { startTestStack } from '../../src/index.ts'

process.env['HEADWATER_REDIS_URL'] = 'redis://127.0.0.1:1'
try {
  await startTestStack()
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`)
}
process.stdout.write(`children: ${childrenOf(process.pid).join(', ')}\n`)
process.stdout.write(`resources: ${process.getActiveResourcesInfo().filter(isOpen).join(', ')}\n`)

/** The commands of running children, where the system lists them. */
function childrenOf(parent: number): string[] {
  if (!existsSync('/proc')) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        const [, command = '', ppid] = /\((.*)\) \S (\d+)/.exec(stat) ?? []
        return Number(ppid) === parent ? [command] : []
      } catch {
        return []
      }
    })
}

/** Output to a pipe is no leftover. */
function isOpen(resource: string): boolean {
  return !/Pipe|TTY|FS/.test(resource)
}
