import { expect, test } from 'vitest'

test('Importing the packages builds no schema; checking options builds those it needs', async () => {
  let built = 0
  // Every copy of zod calls this for each schema that it builds.
  Reflect.set(globalThis, '__zod_globalConfig', { postProcessor: () => (built += 1) })
  const { defineSink } = await import('@headwater/core')
  await import('@headwater/repositories')
  await import('@headwater/search')
  expect(built).toBe(0)
  defineSink({ name: 'webhook', types: ['order.placed'], mode: 'log', handle: async () => {} })
  expect(built).toBeGreaterThan(0)
})

test('A check leaves the language of the host’s zod as it is', async () => {
  const { defineSink, InvalidOptions } = await import('@headwater/core')
  expect(() => defineSink({ name: 'webhook' } as never)).toThrow(InvalidOptions)
  expect(Reflect.get(globalThis, '__zod_globalConfig')).not.toHaveProperty('localeError')
})
