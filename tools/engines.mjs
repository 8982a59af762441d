// npm run engines -- [NAMES] [--tests PATHS]: runs the integration tests of core, repositories and
// search on other servers, and prints a table. Without names it runs on each of them; NAME+NAME is
// one run on both.
// HEADWATER_ENGINES is a program that has them: `start NAME` starts a server and prints its URL at
// the end, `stop NAME` stops it.
import { readFileSync, rmSync } from 'node:fs'
import { install, run } from './run.mjs'

const usual = ['packages/core', 'packages/repositories', 'packages/search']

/** Where the tests leave their results, as vitest.config.ts says. */
const results = '.results/vitest.json'

/** The variable by which each server takes the place of the test stack's own. */
const variables = {
  HEADWATER_REDIS_URL: ['valkey', 'redis8', 'redict'],
  HEADWATER_POSTGRES_URL: ['postgres', 'postgres15', 'pgbouncer', 'odyssey', 'pgpool'],
  HEADWATER_MONGODB_URL: ['mongodb'],
}
const variableOf = new Map(
  Object.entries(variables).flatMap(([variable, names]) => names.map((name) => [name, variable])),
)

const { names, paths } = asked(process.argv.slice(2))
const program = process.env.HEADWATER_ENGINES
if (program === undefined) refuse('HEADWATER_ENGINES is not set')

await install()
const rows = []
for (const name of names) rows.push(await rowOf(name))
console.log(tableOf(['engine', 'passed', 'failed', 'skipped', 'seconds', 'why'], rows))
process.exitCode = rows.every(
  ([, passed, failed, , , why]) => passed > 0 && failed === 0 && why === '',
)
  ? 0
  : 1

function asked(words) {
  const at = words.indexOf('--tests')
  const given = at < 0 ? words : words.slice(0, at)
  const unknown = given.flatMap(partsOf).find((name) => !variableOf.has(name))
  if (unknown !== undefined) refuse(`${unknown} is none of: ${[...variableOf.keys()].join(', ')}`)
  return {
    names: given.length > 0 ? given : [...variableOf.keys()],
    paths: at < 0 ? usual : words.slice(at + 1),
  }
}

function refuse(reason) {
  console.error(`${reason}\nusage: npm run engines -- [NAMES] [--tests PATHS]`)
  process.exit(2)
}

function partsOf(name) {
  return name.split('+')
}

async function rowOf(name) {
  const env = {}
  const started = []
  try {
    for (const part of partsOf(name)) {
      const { code, output } = await run(program, ['start', part])
      if (code !== 0) return [name, 0, 0, 0, 0, `it does not start: ${lastLine(output)}`]
      started.push(part)
      const url = output.match(/\w+:\/\/\S+/g)?.at(-1)
      // Without one the tests would run on the usual server.
      if (url === undefined) return [name, 0, 0, 0, 0, `${part} prints no URL`]
      env[variableOf.get(part)] = url
    }
    return [name, ...(await testsOn(name, env))]
  } finally {
    for (const part of started) await run(program, ['stop', part])
  }
}

async function testsOn(name, env) {
  rmSync(results, { force: true })
  const begunMs = performance.now()
  const { code, output } = await run(
    'pnpm',
    ['exec', 'vitest', 'run', '--project', 'integration', ...paths],
    { env },
  )
  const seconds = Math.round((performance.now() - begunMs) / 1_000)
  const result = resultsOf()
  if (result === undefined) return [0, 0, 0, seconds, `no result: ${lastLine(output)}`]
  for (const title of failedIn(result)) console.log(`${name}: ${title}`)
  const { numPassedTests, numFailedTests, numPendingTests } = result
  // A file that cannot be run has no test that failed.
  const why = code !== 0 && numFailedTests === 0 ? 'a file could not be run' : ''
  return [numPassedTests, numFailedTests, numPendingTests, seconds, why]
}

function resultsOf() {
  try {
    return JSON.parse(readFileSync(results, 'utf8'))
  } catch {
    return undefined
  }
}

/** Titles of failed tests; the name and the reason of a file that could not be run. */
function failedIn({ testResults }) {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed')
    if (failed.length === 0) return status === 'failed' ? [`${name}: ${message}`] : []
    return failed.map((test) => `${name}: ${test.fullName}`)
  })
}

function tableOf(columns, rows) {
  const lines = [columns, columns.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function lastLine(output) {
  return output.trimEnd().split('\n').at(-1) ?? ''
}
