import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { configFile, openCli, type CliFixture } from './cli-fixture.ts'

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const node = [process.execPath, '--conditions=headwater-source', program] as const
const recorder = '/usr/bin/script'
const hasTerminals = existsSync(recorder)
if (!hasTerminals) process.stderr.write(`  ${recorder} is missing: no looks through a terminal\n`)

let fixture: CliFixture
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'headwater-cli-'))
  fixture = await openCli()
  await fixture.offer('Algebra', 'Baking', 'Chess')
})
afterAll(async () => {
  await fixture.dispose()
  await rm(folder, { recursive: true })
})

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program as a shell does. */
async function runProgram(...argv: readonly string[]): Promise<Ended> {
  const [file, ...args] = [...node, ...argv]
  try {
    const ended = await promisify(execFile)(file, args, { env: environment() })
    return { code: 0, ...ended }
  } catch (error) {
    return error as Ended
  }
}

/** What a command shows on a terminal of 40 columns. */
async function lookOf(...argv: readonly string[]): Promise<string> {
  const command = ['stty cols 40;', ...node, ...argv].join(' ')
  const { stdout } = await promisify(execFile)(
    recorder,
    ['--quiet', '--echo', 'never', '--command', command, '/dev/null'],
    { env: environment() },
  ).catch((error: unknown) => error as Ended)
  return stdout.replaceAll('\r\n', '\n')
}

function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env
  return { PATH, HOME, TERM: 'xterm-256color', NODE_COMPILE_CACHE: folder, ...fixture.env }
}

test('The program ends with the code of its command, and writes data to one stream alone', async () => {
  const file = path.join(folder, 'headwater.config.mjs')
  await writeFile(file, `console.log('read')\nexport default {}`)
  const planned = await runProgram('migrate', '--plan', '--json', '--config', file)
  expect(planned).toMatchObject({ code: 0, stderr: 'read\n' })
  expect(JSON.parse(planned.stdout)).toMatchObject({ version: 1, command: 'migrate', pending: [] })
  expect(await runProgram('outbox', 'reset')).toMatchObject({ code: 2, stdout: '' })
})

test('A reader that has gone ends a command as Ctrl-C does, with its own code', async () => {
  const command = [...node, 'migrate', '--wait', '--timeout', '600'].join(' ')
  const script = `${command} 2>&1 | true; exit \${PIPESTATUS[0]}`
  const ended = promisify(execFile)('bash', ['-c', script], {
    env: { ...environment(), HEADWATER_POSTGRES_SCHEMA: 'nowhere' },
  })
  await expect(ended).rejects.toMatchObject({ code: 1 })
})

test('Ctrl-C ends a command that watches, in order', async () => {
  const [file, ...args] = [...node, 'outbox', 'watch', '--every', '600', '--json']
  const child = spawn(file, args, { env: environment() })
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => void (printed += String(chunk)))
  await eventually(() => printed.includes('\n'), { timeoutMs: 120_000 })
  child.kill('SIGINT')
  expect(await ended).toBe(0)
})

test.runIf(hasTerminals)(
  'On a terminal a diagnosis has colours and says what mends what',
  async () => {
    const look = await lookOf('doctor', '--deadline', '60')
    expect(look).toMatch(/\x1b\[1mPostgreSQL\x1b\[22m {2}\d+/)
    expect(look).toMatch(/^ {2}\x1b\[32m✓\x1b\[39m version +supported$/m)
    expect(look).toMatch(/^ {2}\x1b\[31m✗\x1b\[39m relay +events were published, and no relay/m)
    expect(look).toMatch(/^ {22}\x1b\[2mstart a process with createRelay/m)
  },
)

test.runIf(hasTerminals)(
  'On a terminal what Redis and the sessions of PostgreSQL do stands in columns',
  async () => {
    expect(await lookOf('cache', 'stats')).toMatch(/^\x1b\[2mmemory \x1b\[22m {2}[\d.]+ .?B /m)
    const running = await lookOf('transactions', 'running', '--longer-than', '0.001')
    expect(running).toMatch(/^(Nothing has run for 1 ms\.|\x1b\[2mprocess .*statement\x1b\[22m)$/m)
    expect(await lookOf('slots', 'list')).toMatch(/^(There is no|\x1b\[2mslot +kind +database)/m)
    expect(await lookOf('search', 'calibrate', '--config', configFile)).toMatch(
      /^(\x1b\[2mcourses |The index holds no course)/m,
    )
    const planned = await lookOf('outbox', 'remove-sink', 'nowhere')
    expect(planned).toMatch(/\x1b\[31merror:\x1b\[39m the outbox has no sink nowhere/)
  },
)

test.runIf(hasTerminals)(
  'On a terminal a long command shows a bar within its width, wherever the data goes',
  async () => {
    const look = await lookOf('search', 'reindex', '--config', configFile, '--json >/dev/null')
    expect(look).toMatch(/\r█+ 100 % indexed[^\x1b]*\x1b\[K\r\x1b\[K/)
    for (const [, drawn = ''] of look.matchAll(/\r([^\r\x1b]*)\x1b/g))
      expect(drawn.length).toBeLessThan(40)
    expect(look).not.toContain('{')
  },
)
