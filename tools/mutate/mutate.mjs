// Runs tests once per mutant, in a copy of the last commit, on one set of servers.
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { run } from '../run.mjs'
import { explained } from './explained.mjs'
import { applyMutant, mutantsOf } from './mutants.mjs'
import { targets } from './targets.mjs'
import { TestRunner } from './test-runner.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, sample: { type: 'string', default: '1' } },
})
const [name, part = ''] = positionals
const everyNth = Number(values.sample)
const target = targets[name]
if (target === undefined || !(everyNth >= 1)) {
  console.error('usage: npm run mutate -- NAME [PART-OF-A-PATH] [--sample N] [--json]')
  console.error(`NAME is one of: ${Object.keys(targets).join(', ')}`)
  console.error('--sample N tries every Nth mutant')
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'headwater-mutate-'))
const copy = join(folder, 'copy')
const tests = new TestRunner(copy)
// On every way out, a signal among them: the copy is a worktree that git would remember.
process.on('exit', () => {
  tests.stop()
  spawnSync('git', ['worktree', 'remove', '--force', copy])
  rmSync(folder, { recursive: true, force: true })
  spawnSync('git', ['worktree', 'prune'])
})
for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 }))
  process.once(signal, () => process.exit(code))
execFileSync('git', ['worktree', 'add', '--detach', copy, 'HEAD'], { stdio: 'ignore' })
await run('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], { cwd: copy })

const counts = { mutants: 0, killed: 0, timedOut: 0, explained: 0, survived: 0 }
const doubtful = []
for (const { sources, first } of target.parts) {
  const mutants = globSync(sources, { cwd: copy }).sort().flatMap(mutantsIn)
  if (mutants.length > 0) await expectSuccess(first)
  for (const mutant of mutants) {
    const end = await endOf(mutant, first)
    if (end === 'survived') {
      doubtful.push(mutant)
      report('doubtful', mutant)
    } else count(end, mutant)
  }
}
if (doubtful.length > 0) await expectSuccess(target.tests)
for (const mutant of doubtful) count(await endOf(mutant, target.tests), mutant)
if (values.json) console.log(JSON.stringify({ mutate: name, sample: everyNth, ...counts }))
process.exit(counts.survived === 0 ? 0 : 1)

function mutantsIn(source) {
  if (!source.includes(part)) return []
  const text = readFileSync(join(copy, source), 'utf8')
  const all = mutantsOf(text).map((mutant) => ({ ...mutant, source, text }))
  return all.filter((_, at) => at % everyNth === 0)
}

async function expectSuccess(paths) {
  if ((await tests.run(paths)) !== 'survived')
    throw new Error(`the tests fail without any mutant: ${tests.messages.join('; ')}`)
}

async function endOf(mutant, paths) {
  const path = join(copy, mutant.source)
  writeFileSync(path, applyMutant(mutant.text, mutant))
  tests.invalidate(path)
  const end = await tests.run(paths)
  writeFileSync(path, mutant.text)
  tests.invalidate(path)
  return end === 'survived' && isExplained(mutant) ? 'explained' : end
}

function count(end, mutant) {
  counts.mutants += 1
  counts[end] += 1
  if (end === 'survived' || end === 'timedOut') report(end, mutant)
}

function isExplained({ source, text, original, replacement, line }) {
  const code = text.split('\n')[line - 1].trim()
  return explained.some(
    (one) =>
      source.endsWith(one.source) &&
      one.code === code &&
      one.original === original &&
      one.replacement === replacement,
  )
}

function report(end, { source, line, original, replacement }) {
  const shown = (text) => text.trim().replaceAll(/\s+/g, ' ').slice(0, 60)
  process.stderr.write(`${end}  ${source}:${line}  ${shown(original)} → ${shown(replacement)}\n`)
}
