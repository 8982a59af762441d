import { once } from 'node:events'
import { setTimeout as after } from 'node:timers/promises'
import { connect as connectRabbitmq } from 'amqplib'
import { connect, orThrow } from '@headwater/core'
import { consumeRabbitmq } from '../../src/rabbitmq/index.ts'
import type { Assignment } from './consuming-process-fixture.ts'

const [{ url, queue, options }] = (await once(process, 'message')) as [Assignment]
const stores = orThrow(await connect(options))
const connection = await connectRabbitmq(url, { recovery: true })

consumeRabbitmq(stores, {
  consumer: 'mail',
  connection,
  queue,
  concurrency: 4,
  maxAttempts: 2,
  handle: async (tx, { aggregateId, version }) => {
    if (aggregateId === 'poison') {
      // Time for others to begin.
      await after(200)
      process.kill(process.pid, 'SIGKILL')
    }
    // None of them ends before the process does.
    await after(400)
    const values = [aggregateId, version]
    await tx.query('INSERT INTO @schema.effects (aggregate, version) VALUES ($1, $2)', values)
  },
})
