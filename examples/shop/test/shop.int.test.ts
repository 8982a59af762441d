import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, createRelay, migrate, orThrow } from '@headwater/core'
import type { Stores } from '@headwater/core'
import { isolate } from '@headwater/testing'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { createShop, shopMigrations, webhookSink } from '../src/index.ts'

const addProduct = 'INSERT INTO @schema.products VALUES (1, $1, $2)'

let stores: Stores
let dispose: () => Promise<void>
beforeEach(async () => {
  const parts = await isolate(inject('stack'))
  const { postgres, redis } = parts
  stores = orThrow(
    await connect({
      postgres: { url: postgres.url, connectTimeoutMs: 60_000 },
      redis: { url: redis.url, keyPrefix: redis.prefix, deadlineMs: 10_000 },
    }),
  )
  orThrow(await migrate(stores, { sets: [shopMigrations] }))
  dispose = async () => {
    await stores[Symbol.asyncDispose]()
    await parts.dispose()
  }
})
afterEach(() => dispose())

test('Fifty buyers of the last ten pieces get ten, and the next read says none are left', async () => {
  const { products, order } = createShop(stores)
  orThrow(await stores.postgres.query(addProduct, ['Lamp', 10]))
  expect(orThrow(await products.get(1))?.stock).toBe(10)
  const orders = await Promise.all(Array.from({ length: 50 }, () => order(1, 1)))
  expect(orders.filter((placed) => placed.isOk())).toHaveLength(10)
  const refusals = orders.flatMap((placed) => (placed.isErr() ? [placed.error.type] : []))
  expect(new Set(refusals)).toEqual(new Set(['out-of-stock']))
  expect(orThrow(await products.get(1))?.stock).toBe(0)
})

test('A placed order reaches the webhook once it answers, and a refused one never does', async () => {
  const received: unknown[] = []
  let isDown = true
  const receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      if (!isDown) received.push(JSON.parse(body))
      response.writeHead(isDown ? 503 : 204).end()
      isDown = false
    })
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as AddressInfo
  const relay = createRelay(stores, { sinks: [webhookSink(`http://127.0.0.1:${port}/`)] })
  const { order } = createShop(stores)
  orThrow(await stores.postgres.query(addProduct, ['Lamp', 1]))
  const orderId = orThrow(await order(1, 1))
  expect((await order(1, 1)).isErr()).toBe(true)
  orThrow(await relay.drain({ deadlineMs: 60_000 }))
  receiver.close()
  const payload = { orderId, productId: 1, quantity: 1 }
  expect(received).toEqual([{ type: 'order.placed', payload }])
})
