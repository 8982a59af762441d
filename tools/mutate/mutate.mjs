// Runs the tests of a target once per mutant, in a copy of the last commit, on one set of servers.
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startTestStack } from '@headwater/testing'
import { run } from '../run.mjs'
import { explained } from './explained.mjs'
import { applyMutant, mutantsOf } from './mutants.mjs'
import { targets } from './targets.mjs'

/** A mutant that makes tests wait for ever is noticed as well. */
const longestMs = 300_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
})
const [name, part = ''] = positionals
const target = targets[name]
if (target === undefined) {
  console.error('usage: npm run mutate -- NAME [PART-OF-A-PATH] [--json]')
  console.error(`NAME is one of: ${Object.keys(targets).join(', ')}`)
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'headwater-mutate-'))
const copy = join(folder, 'copy')
// On every way out, a signal among them: the copy is a worktree that git would remember.
process.on('exit', () => {
  spawnSync('git', ['worktree', 'remove', '--force', copy])
  rmSync(folder, { recursive: true, force: true })
  spawnSync('git', ['worktree', 'prune'])
})
for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 }))
  process.once(signal, () => process.exit(code))
execFileSync('git', ['worktree', 'add', '--detach', copy, 'HEAD'], { stdio: 'ignore' })
const stack = await startTestStack({ stores: ['postgres', 'redis'] })
try {
  const counts = await runTarget()
  if (values.json) console.log(JSON.stringify({ mutate: name, ...counts }))
  process.exitCode = counts.survived === 0 ? 0 : 1
} finally {
  await stack.stop()
}

async function runTarget() {
  await run('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], { cwd: copy })
  if ((await runTests()) !== 'survived') throw new Error('the tests fail without any mutant')
  const counts = { mutants: 0, killed: 0, explained: 0, survived: 0 }
  for (const source of target.sources
    .flatMap((pattern) => globSync(pattern, { cwd: copy }))
    .filter((path) => path.includes(part))
    .sort()) {
    const path = join(copy, source)
    const text = readFileSync(path, 'utf8')
    for (const mutant of mutantsOf(text)) {
      writeFileSync(path, applyMutant(text, mutant))
      const end = await runTests()
      const isExplained = end === 'survived' && isExpected(source, text, mutant)
      counts.mutants += 1
      counts[isExplained ? 'explained' : end] += 1
      if (end === 'survived' && !isExplained) report(source, mutant)
    }
    writeFileSync(path, text)
  }
  return counts
}

async function runTests() {
  const vitest = join(copy, 'node_modules/vitest/vitest.mjs')
  const env = { HEADWATER_POSTGRES_URL: stack.postgres.url, HEADWATER_REDIS_URL: stack.redis.url }
  const { code } = await run(process.execPath, [vitest, 'run', '--bail', '1', ...target.tests], {
    cwd: copy,
    env,
    timeoutMs: longestMs,
  })
  return code === 0 ? 'survived' : 'killed'
}

function isExpected(source, text, { original, replacement, line }) {
  const code = text.split('\n')[line - 1].trim()
  return explained.some(
    (one) =>
      source.endsWith(one.source) &&
      one.code === code &&
      one.original === original &&
      one.replacement === replacement,
  )
}

function report(source, { line, original, replacement }) {
  const shown = (text) => text.trim().replaceAll(/\s+/g, ' ').slice(0, 60)
  process.stderr.write(`survived  ${source}:${line}  ${shown(original)} → ${shown(replacement)}\n`)
}
