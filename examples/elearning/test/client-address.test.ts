import { expect, test } from 'vitest'
import { clientAddress } from '../src/index.ts'

const chains = [
  [0, '198.51.100.7', '10.0.0.1'],
  [1, '198.51.100.7', '198.51.100.7'],
  [1, '203.0.113.9, 198.51.100.7', '198.51.100.7'],
  [2, '198.51.100.7, 10.0.0.2', '198.51.100.7'],
  [2, '198.51.100.7', '198.51.100.7'],
  [1, undefined, '10.0.0.1'],
  [1, ' , ', '10.0.0.1'],
] as const

test.each(chains)('Behind %d proxies that say "%s" the client is %s', (proxies, header, client) => {
  expect(clientAddress('10.0.0.1', header, proxies)).toBe(client)
})
