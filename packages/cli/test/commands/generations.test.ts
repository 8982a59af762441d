import { okAsync, type Stores } from '@headwater/core'
import { expect, test } from 'vitest'
import { cleanup } from '../../src/commands/generations.ts'
import type { Invocation } from '../../src/commands/command.ts'
import { Secrets } from '../../src/terminal/secrets.ts'
import type { Terminal } from '../../src/terminal/terminal.ts'

test('No generation is removed that was not listed, with or without --yes', async () => {
  let isCleaned = false
  const generations = {
    list: () => okAsync([]),
    cleanup: () => {
      isCleaned = true
      return okAsync({ removed: 1_000 })
    },
  }
  const services = { search: { index: { generations } } }
  const invocation = {
    ...{ args: [undefined], isJson: true, secrets: new Secrets(), print: () => undefined },
    terminal: {} as Terminal,
    config: async () => ({}),
    open: async () => ({ stores: {} as Stores, services: async () => services }),
  } as unknown as Omit<Invocation, 'options'>
  for (const options of [{}, { yes: true }])
    expect((await cleanup({ ...invocation, options }))?.data).toMatchObject({ isApplied: false })
  expect(isCleaned).toBe(false)
})
