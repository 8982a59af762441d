// Begins sessions, ends them, and looks for those that have ended.
import { setTimeout } from 'node:timers/promises'
import { createSessions, orThrow } from '@headwater/core'
import { Ledger, nowNs } from '../../cache/ledger.ts'
import { anyOf, between } from '../../run/chance.ts'
import { connectStores } from '../rows.ts'
import { Loop, work } from '../work.ts'

const pauseMs = { least: 5, most: 60 }
const userCount = 20
const keptEnded = 400
const looksAtOnce = 5

interface Ended {
  readonly number: number
  readonly token: string
}

await work(async (assignment) => {
  const stores = await connectStores(assignment)
  const sessions = createSessions(stores, { lookEveryMs: 300 })
  const ledger = new Ledger(assignment.ledgerPath, 1)
  const ended: Ended[] = []
  let begun = 0
  const pause = () => setTimeout(between(pauseMs.least, pauseMs.most))
  const ending = new Loop(async () => {
    const userId = `user ${Math.floor(Math.random() * userCount)}`
    const number = (begun += 1)
    const started = await sessions.create({ userId })
    if (started.isOk()) {
      const { token } = started.value
      const beganAt = nowNs()
      const isRevoked =
        Math.random() < 0.5
          ? (await sessions.revoke(token)).isOk()
          : (await sessions.revokeAll(userId)).isOk()
      ledger.note(isRevoked ? 'committed' : 'failed', number, 1, { beganAt })
      if (isRevoked) ended.push({ number, token })
      if (ended.length > keptEnded) ended.shift()
    }
    await pause()
  })
  const looking = new Loop(async () => {
    for (let left = Math.min(looksAtOnce, ended.length); left > 0; left -= 1) {
      const { number, token } = anyOf(ended)
      const beganAt = nowNs()
      const found = await sessions.get(token)
      const version = found.map((session) => (session === undefined ? 1 : 0)).unwrapOr(0)
      ledger.note(found.isOk() ? 'read' : 'failed', number, version, { beganAt })
    }
    await pause()
  })
  return {
    stop: async () => {
      await Promise.all([ending.stop(), looking.stop()])
      ledger.close()
      orThrow(await stores.close())
    },
  }
})
