import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { vectorIndexContract } from '../../src/contracts/vector-index-contract.ts'
import { brokenVectorIndexes } from './broken-vector-indexes.ts'
import { InMemoryVectorIndex } from './in-memory-vector-index-fixture.ts'

vectorIndexContract('an index in memory', async () => ({
  index: new InMemoryVectorIndex(),
  dispose: async () => undefined,
}))

interface Outcome {
  readonly status: string
  readonly ancestorTitles: readonly string[]
}

interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly Outcome[] }[]
}

/**
 * The indexes that failed at least one test of the suite, run by a Vitest of its own: here they
 * would be failures.
 */
async function caughtByTheSuite(): Promise<Set<string>> {
  const { testResults } = await reportOf(
    fileURLToPath(new URL('./broken-vector-indexes.config.ts', import.meta.url)),
  )
  const failures = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed')
  return new Set(
    failures.map(({ ancestorTitles: [title = ''] }) => title.replace(' as a vector index', '')),
  )
}

async function reportOf(config: string): Promise<Report> {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-contract-'))
  try {
    const vitest = fileURLToPath(
      new URL('./vitest.mjs', import.meta.resolve('vitest/package.json')),
    )
    const file = join(directory, 'report.json')
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')),
    )
    const child = execFile(
      process.execPath,
      [vitest, 'run', '--config', config, `--outputFile=${file}`],
      { env, maxBuffer: 64 << 20 },
    )
    await once(child, 'exit')
    return JSON.parse(await readFile(file, 'utf8')) as Report
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

describe('the suite for vector indexes', () => {
  let caught: Set<string>
  beforeAll(async () => {
    caught = await caughtByTheSuite()
  }, 60_000)

  it.each(Object.keys(brokenVectorIndexes))('The suite catches an index that %s', (flaw) => {
    expect(caught).toContain(flaw)
  })
})
