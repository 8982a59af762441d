import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { eventually } from '../../src/index.ts'
import { GuardedProcess } from '../../src/servers/guarded-process.ts'

const fixture = fileURLToPath(new URL('./start-servers-fixture.ts', import.meta.url))
const stubbornFixture = fileURLToPath(new URL('./stubborn-server-fixture.ts', import.meta.url))

function startNode(...args: readonly string[]) {
  return spawn(process.execPath, ['--conditions=headwater-source', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function startInAnotherProcess(...args: string[]) {
  const parent = startNode(fixture, ...args)
  let output = ''
  for await (const text of parent.stdout.setEncoding('utf8')) {
    output += String(text)
    if (output.includes('\n')) break
  }
  const started = JSON.parse(output) as { pids: number[]; directory: string }
  return { parent, ...started }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function expectEnd({ pids, directory }: { pids: readonly number[]; directory: string }) {
  await eventually(() => expect(pids.filter(isAlive)).toEqual([]), { timeoutMs: 60_000 })
  await eventually(() => expect(existsSync(directory)).toBe(false), { timeoutMs: 60_000 })
}

test('Servers end and lose their data when the process that started them is killed', async () => {
  const started = await startInAnotherProcess()
  expect(started.pids.length).toBeGreaterThan(4)
  expect(started.pids.filter(isAlive)).toEqual(started.pids)
  expect(existsSync(started.directory)).toBe(true)
  started.parent.kill('SIGKILL')
  await expectEnd(started)
})

test('Paused servers end as well when the process that started them is killed', async () => {
  const started = await startInAnotherProcess('--pause')
  started.parent.kill('SIGKILL')
  await expectEnd(started)
})

test('Running servers do not keep their process alive, and end with it', async () => {
  const started = await startInAnotherProcess('--exit')
  if (started.parent.exitCode === null) await once(started.parent, 'exit')
  await expectEnd(started)
})

test('A server that ignores the order to stop is killed together with its children', async () => {
  const ending = startNode(stubbornFixture)
  const output = text(ending.stdout)
  expect(await once(ending, 'exit')).toEqual([0, null])
  const [pids, hasData] = JSON.parse(await output) as [number[], boolean]
  expect(pids).toHaveLength(2)
  expect(hasData).toBe(false)
  await eventually(() => expect(pids.filter(isAlive)).toEqual([]))
})

test('A server that ends before it is ready is a failure that shows its last output', async () => {
  const start = GuardedProcess.start({
    name: 'it',
    command: 'sh',
    args: ['-c', 'echo the port is taken >&2; exit 1'],
    dir: '/tmp',
    keepDir: true,
    ready: /never/,
  })
  await expect(start).rejects.toThrow(/the port is taken/)
})

test('An absent command is a failure', async () => {
  const start = GuardedProcess.start({
    name: 'it',
    command: 'no-such-server',
    args: [],
    dir: '/tmp',
    keepDir: true,
    ready: /never/,
  })
  await expect(start).rejects.toThrow(/not found/)
})
