import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

// In processes of their own: other tests have built schemas in this one, and imported a host's zod.
async function report(program: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=headwater-source', '--input-type=module', '--eval', program],
    { cwd: fileURLToPath(new URL('../..', import.meta.url)) },
  )
  return JSON.parse(stdout)
}

const start = `
  let built = 0
  // Every copy of zod calls this for each schema that it builds.
  globalThis.__zod_globalConfig = { postProcessor: () => (built += 1) }
  const { defineSink } = await import('@headwater/core')
  await import('@headwater/repositories')
  await import('@headwater/search')
  const byImport = built
  defineSink({ name: 'webhook', types: ['order.placed'], mode: 'log', handle: async () => {} })
  console.log(JSON.stringify({ byImport, byCheck: built - byImport }))
`

test('Importing the packages builds no schema; checking options builds those it needs', async () => {
  const { byImport, byCheck } = (await report(start)) as Record<string, number>
  expect(byImport).toBe(0)
  expect(byCheck).toBeGreaterThan(0)
})

const check = `
  const { defineSink } = await import('@headwater/core')
  let thrown
  try {
    defineSink({ name: 'webhook' })
  } catch (error) {
    thrown = error.name
  }
  const settings = Object.keys(globalThis.__zod_globalConfig)
  console.log(JSON.stringify({ thrown, settings }))
`

test('A check leaves the language of the host’s zod as it is', async () => {
  expect(await report(check)).toEqual({ thrown: 'InvalidOptions', settings: [] })
})
