import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The process ids of a process and of its direct children; the process itself comes first. */
export async function processTree(pid: number): Promise<number[]> {
  return [pid, ...(await childrenOf(pid))]
}

/** Sends a signal to each process and skips those that have ended. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if (!isNoSuchProcess(error)) throw error
    }
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  try {
    return numbers(await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'))
  } catch {
    return childrenFromPs(pid)
  }
}

async function childrenFromPs(pid: number): Promise<number[]> {
  try {
    const { stdout } = await run('ps', ['-A', '-o', 'ppid=,pid='])
    return stdout
      .split('\n')
      .map(numbers)
      .flatMap(([parent, child]) => (parent === pid && child !== undefined ? [child] : []))
  } catch {
    return []
  }
}

function numbers(text: string): number[] {
  return text.split(/\s+/).filter(Boolean).map(Number)
}

function isNoSuchProcess(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ESRCH'
}
