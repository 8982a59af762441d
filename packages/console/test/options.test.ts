import { Diagnostics, systemClock, type Stores } from '@headwater/core'
import { expect, test } from 'vitest'
import { createConsole, serveConsole } from '../src/index.ts'

const stores = {
  diagnostics: new Diagnostics(),
  clock: systemClock,
  beforeClose: () => () => undefined,
} as unknown as Stores
const authorize = () => undefined
const hosts = ['ops.example.com']

test.each([
  ['nobody who authorizes', { hosts }, 'createConsole: authorize: expected a function'],
  ['no host', { authorize, hosts: [] }, 'createConsole: hosts: expected at least one host'],
  [
    'a path that is none',
    { authorize, hosts, basePath: 'console' },
    'createConsole: basePath: expected a path that begins with /',
  ],
  [
    'a misspelt option',
    { authorize, hosts, base: '/console' },
    'createConsole: base: unknown: the closest option is basePath',
  ],
])('Refuses %s at construction, with a sentence', (_, options, message) => {
  expect(() => createConsole(stores, options as never)).toThrow(message)
})

test('Takes no address to listen on: it is always the loopback interface', async () => {
  const options = { host: '0.0.0.0' } as never
  await expect(serveConsole(stores, options)).rejects.toThrow('serveConsole: host: unknown')
})
