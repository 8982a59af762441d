import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

// In a process of its own: other tests have built schemas in this one.
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
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=headwater-source', '--input-type=module', '--eval', start],
    { cwd: fileURLToPath(new URL('../..', import.meta.url)) },
  )
  const { byImport, byCheck } = JSON.parse(stdout) as Record<string, number>
  expect(byImport).toBe(0)
  expect(byCheck).toBeGreaterThan(0)
})

test('A check leaves the language of the host’s zod as it is', async () => {
  const { defineSink, InvalidOptions } = await import('@headwater/core')
  expect(() => defineSink({ name: 'webhook' } as never)).toThrow(InvalidOptions)
  expect(Reflect.get(globalThis, '__zod_globalConfig')).not.toHaveProperty('localeError')
})
