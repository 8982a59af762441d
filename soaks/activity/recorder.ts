// A process that records activity as fast as a busy server does, some of it durably, and relays the
// outbox.
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { connect, createRelay, orThrow } from '@headwater/core'
import { createRepositories, type Repositories } from '@headwater/repositories'
import { type Assignment, Ledger } from './work.ts'

const pauseMs = 5
const mostPerPause = 12
const durableShare = 0.4
const closeDeadlineMs = 10_000

process.once('disconnect', () => process.exit(1))
const [assignment] = (await once(process, 'message')) as [Assignment]
const { name, postgresUrl, redisUrl, mongodbUrl, database } = assignment
const ledger = new Ledger(assignment.ledgerPath)
const stores = orThrow(
  await connect({
    postgres: { url: postgresUrl },
    redis: { url: redisUrl },
    mongodb: { url: mongodbUrl, database },
  }),
)
stores.diagnostics.on('activity:dropped', ({ count }) => {
  ledger.note('dropped', count)
})
const { activity, sinks } = createRepositories(stores, {
  activity: {
    retryMs: 100,
    writeDeadlineMs: 500,
    flushIntervalMs: 50,
    batchSize: 200,
    maxBuffered: 50_000,
  },
})
const relay = createRelay(stores, { sinks, leaseMs: 3_000, maxBackOffMs: 500 })
void relay.start()
let isStopped = false
process.once('message', () => {
  isStopped = true
})
process.send?.('ready')
const recorded = await recordAll(activity)
const closed = await stores.close({ deadlineMs: closeDeadlineMs })
if (closed.isErr()) process.stderr.write(`${name}: ${closed.error.message}\n`)
ledger.note('closed', recorded)
ledger.close()
process.exit(0)

async function recordAll(to: Repositories['activity']): Promise<number> {
  const underWay = new Set<Promise<void>>()
  let next = 0
  let durable = 0
  while (!isStopped) {
    for (let left = Math.ceil(Math.random() * mostPerPause); left > 0; left -= 1) {
      orThrow(to.record({ type: 'soak.recorded', data: { by: name, n: next } }))
      next += 1
    }
    ledger.note('recorded', next)
    if (Math.random() < durableShare && underWay.size < 4) {
      const commit = recordOneDurably(to, durable).finally(() => {
        underWay.delete(commit)
      })
      underWay.add(commit)
      durable += 1
    }
    await setTimeout(pauseMs)
  }
  await Promise.all(underWay)
  return next
}

async function recordOneDurably(to: Repositories['activity'], n: number): Promise<void> {
  const committed = await to.recordDurably({ type: 'soak.committed', data: { by: name, n } })
  if (committed.isOk()) ledger.note('durable', n)
}
