import { expect, test } from 'vitest'
import { brokerFromEnv } from '../src/broker/broker-from-env.ts'

test('Two brokers in the environment are refused, and none is no broker', async () => {
  const both = { HEADWATER_NATS_URL: 'nats://host', HEADWATER_RABBITMQ_URL: 'amqp://host' }
  await expect(brokerFromEnv(both, 'demo')).rejects.toThrow(/both set/)
  expect(await brokerFromEnv({}, 'demo')).toBeUndefined()
})
