import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { runCli } from './cli-fixture.ts'

const misused: readonly (readonly [argv: readonly string[], message: string])[] = [
  [['doctr'], "unknown command 'doctr'"],
  [['outbox', 'reset'], "'--history <assumption>' not specified"],
  [['outbox', 'dead', '--limit', '0'], 'expected a whole number of 1 or more'],
  [['resync', '--restored-to', '2026-11-28'], 'expected a moment such as'],
  [['search', 'generations', 'activate', '--min-coverage', '2'], 'a number from 0 to 1'],
  [['doctor', '--config', '/nowhere/headwater.config.ts'], 'there is no file'],
  [['completion', 'tcsh'], 'there is completion for bash, zsh, fish'],
]

test.each(misused)(
  'Wrong usage of %j ends with 2 and says what is wrong',
  async (argv, message) => {
    const { code, out, err } = await runCli(argv)
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toContain(message)
  },
)

test.each([
  [['doctr'], "unknown command 'doctr'"],
  [['outbox'], 'no command was named'],
])('With --json, wrong usage of %j is an object as well', async (argv, message) => {
  const { code, out } = await runCli([...argv, '--json'])
  expect(code).toBe(2)
  const said = expect.stringContaining(message) as string
  expect(JSON.parse(out)).toEqual({ version: 1, error: { type: 'usage', message: said } })
})

test('Help is data, and needs no store', async () => {
  const { code, out } = await runCli(['--help'])
  expect(code).toBe(0)
  for (const name of ['doctor', 'migrate', 'outbox', 'search', 'cache', 'sessions', 'activity'])
    expect(out).toMatch(new RegExp(`^  ${name} `, 'm'))
  expect(out).toContain('Exit codes')
})

test.each([
  ['doctor', '(default: 1.3)'],
  ['migrate', '(default: 300)'],
  ['outbox watch', '(default: 1)'],
])('Help of %s tells the default in the unit that is typed', async (command, words) => {
  const { out } = await runCli([...command.split(' '), '--help'])
  expect(out.replaceAll(/\s+/g, ' ')).toContain(words)
})

test('The version is that of the package', async () => {
  const { out } = await runCli(['--version'])
  expect(out).toMatch(/^\d+\.\d+\.\d+\n$/)
})

const typed: readonly (readonly [words: readonly string[], choices: readonly string[]])[] = [
  [['out'], ['outbox']],
  [
    ['outbox', 're'],
    ['reset', 'replay', 'remove-sink'],
  ],
  [['--json', 'search', 'generations', 'a'], ['activate']],
  [['outbox', 'dead', '--fing'], ['--fingerprint']],
  [['search', 'verify', '--j'], ['--json']],
]

test.each(typed)('bash completes %j', async (words, choices) => {
  const { out } = await runCli(['completion', 'bash'])
  const line = ['headwater', ...words].map((word) => `'${word}'`).join(' ')
  const script = `${out}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length}; _headwater; echo "\${COMPREPLY[@]}"`
  const { stdout } = await promisify(execFile)('bash', ['-c', script])
  expect(stdout.trim().split(' ').toSorted()).toEqual(choices.toSorted())
})

test.each(['zsh', 'fish'])('The completion of %s knows every command', async (shell) => {
  const { code, out } = await runCli(['completion', shell])
  expect(code).toBe(0)
  for (const words of [
    'outbox',
    'outbox replay',
    'search generations cleanup',
    'rebuild',
    'slots drop',
  ])
    expect(out).toContain(` ${words}`)
})
