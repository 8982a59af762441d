// npm test: everything that must hold. Ends with one line, `N passed, N failed`.
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { prepareBrokerEngines } from '../test/broker-engines.ts'
import { checkPackages } from './check-packages.mjs'
import { install, run } from './run.mjs'

const vitestResult = '.results/vitest.json'

const exec = (args, options) => run('pnpm', ['exec', ...args], options)
const layered = [
  'packages',
  'examples',
  'test',
  'benchmarks',
  'soaks',
  'load',
  'drills',
  'evaluations',
]
// The types of the whole workspace take eslint beyond the heap that Node.js has by default.
const roomForTypes = { env: { NODE_OPTIONS: '--max-old-space-size=8192' } }

const build = [
  'build',
  () => run('pnpm', ['--recursive', '--filter', './packages/*', 'run', 'build']),
]

/**
 * Two rows of checks, which run at the same time once the packages are built; within a row one
 * after the other.
 */
const lanes = [
  [
    ['lint', () => exec(['eslint', '--cache', '--max-warnings=0', '.'], roomForTypes)],
    ['form', () => exec(['prettier', '--check', '--log-level=warn', '.'])],
    ['layers', () => exec(['depcruise', '--config', 'tools/layers.cjs', ...layered])],
    ['unused files, exports and dependencies', () => exec(['knip'])],
  ],
  [
    ['types', () => exec(['tsc', '--noEmit', '-p', 'tsconfig.json'])],
    // On the built packages, as Next.js bundles them. Its types change global ones for everybody.
    ['types of the Next.js example', () => exec(['tsc', '--noEmit', '-p', 'examples/nextjs-app'])],
    ['types of the console', () => exec(['tsc', '-p', 'packages/console/client'])],
    ['public surface', () => run('node', ['tools/api.mjs'])],
    ['packages', checkPackages],
    ['release, on trial', () => run('node', ['tools/release.mjs', '--dry-run'])],
    ['reference', () => exec(['typedoc', '--out', '.results/reference'])],
  ],
]
const checks = [build, ...lanes.flat()]

async function runChecks() {
  const unbuilt = await runLane([build])
  return [...unbuilt, ...(await Promise.all(lanes.map(runLane))).flat()]
}

async function runLane(lane) {
  const failed = []
  for (const [name, check] of lane) {
    const started = performance.now()
    const { code, output } = await check()
    console.log(
      `${code === 0 ? '✓' : '✗'} ${name} ${((performance.now() - started) / 1000).toFixed(1)} s`,
    )
    if (code === 0) continue
    failed.push(name)
    console.log(output)
  }
  return failed
}

async function runTests() {
  rmSync(vitestResult, { force: true })
  const { code } = await run('pnpm', ['exec', 'vitest', 'run'], { inherit: true })
  return countTests(code)
}

// A file that fails to import has no failed test in the result, and a run that breaks off has no
// result at all.
function countTests(code) {
  let result
  try {
    result = JSON.parse(readFileSync(vitestResult, 'utf8'))
  } catch {
    return { passed: 0, failed: 1 }
  }
  const brokenFiles = result.testResults.filter(
    (file) =>
      file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  const failed = result.numFailedTests + brokenFiles.length
  const isBroken = failed === 0 && (code !== 0 || result.numPassedTests === 0)
  return { passed: result.numPassedTests, failed: failed + (isBroken ? 1 : 0) }
}

process.on('SIGTERM', () => process.exit(143))
process.on('SIGINT', () => process.exit(130))
mkdirSync('.results', { recursive: true })
await install()
// The tests wait for them; the first time takes minutes, which the checks take as well.
void prepareBrokerEngines(console.log)
const failedChecks = await runChecks()
const { passed, failed } = await runTests()
if (failedChecks.length > 0) console.log(`failed checks: ${failedChecks.join(', ')}`)
const allFailed = failed + failedChecks.length
console.log(`${passed + checks.length - failedChecks.length} passed, ${allFailed} failed`)
process.exitCode = allFailed === 0 ? 0 : 1
