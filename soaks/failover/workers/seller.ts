// Sells the few seats of one course a second to random users, as the other sellers do.
import { setTimeout } from 'node:timers/promises'
import { orThrow } from '@headwater/core'
import { createRepositories } from '@headwater/repositories'
import { Ledger, nowNs } from '../../cache/ledger.ts'
import { between } from '../../run/chance.ts'
import { connectStores } from '../rows.ts'
import { userCount } from '../tables.ts'
import { Loop, work } from '../work.ts'

const callers = 4
const pauseMs = { least: 30, most: 150 }
const deadlineMs = 2_000

await work(async (assignment) => {
  const { startedAt, courses, ledgerPath } = assignment
  const stores = await connectStores(assignment)
  const { enrollments } = createRepositories(stores)
  const ledger = new Ledger(ledgerPath, 1)
  const loop = new Loop(async () => {
    const beganAt = nowNs()
    const courseId = 1 + (Math.floor((beganAt - startedAt) / 1e9) % courses)
    const userId = 1 + Math.floor(Math.random() * userCount)
    const enrolled = await enrollments.enroll({ userId, courseId }, { deadlineMs })
    if (enrolled.isOk()) ledger.note('committed', courseId, userId, { beganAt })
    await setTimeout(between(pauseMs.least, pauseMs.most))
  }, callers)
  return {
    stop: async () => {
      await loop.stop()
      ledger.close()
      orThrow(await stores.close())
    },
  }
})
