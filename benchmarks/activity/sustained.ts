import { orThrow } from '@headwater/core'
import type { ActivityRepository } from '@headwater/repositories'
import type { Collection } from 'mongodb'
import type { Contest } from '../measure/alternate.ts'
import { events } from './events.ts'

/** Events that either contestant sends in one command. */
export const batchSize = 500
const eventsPerRound = 10_000

interface Document {
  readonly _id: string
}

/**
 * Recording events until the last is in MongoDB, against inserting the same documents, prepared
 * beforehand, batch after batch.
 */
export function sustainedContest(
  activity: ActivityRepository,
  bare: Collection<Document>,
): Contest {
  const given = events(eventsPerRound)
  let round = 0
  return {
    ours: () => async () => {
      for (const event of given) orThrow(activity.record(event))
      await activity.flush()
    },
    theirs: () => {
      round += 1
      const documents = given.map((event, n) => documentOf(event, idOf(round, n)))
      return async () => {
        for (let from = 0; from < documents.length; from += batchSize)
          await bare.insertMany(documents.slice(from, from + batchSize), { ordered: false })
      }
    },
    operations: eventsPerRound,
  }
}

function idOf(round: number, n: number): string {
  const digits = (value: number, length: number) => String(value).padStart(length, '0')
  return `019cbbbb-0000-7${digits(n % 1_000, 3)}-8000-${digits(round, 6)}${digits(n, 6)}`
}

/** The document that recording creates. */
function documentOf(
  { userId, type, data, metadata = {} }: ReturnType<typeof events>[number],
  id: string,
): Document & Record<string, unknown> {
  const { ipAddress = null, userAgent = null, referrer = null } = metadata
  return {
    _id: id,
    user_id: userId,
    event_type: type,
    event_data: { ...data },
    metadata: { ip_address: ipAddress, user_agent: userAgent, referrer },
    timestamp: new Date(),
  }
}
