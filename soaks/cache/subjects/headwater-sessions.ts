import { createSessions, orThrow, type Stores } from '@headwater/core'
import type { SubjectSessions } from '../subject.ts'

const allShare = 0.5

/** The sessions of this project. */
export function headwaterSessions(stores: Stores): SubjectSessions {
  const sessions = createSessions(stores)
  return {
    begin: async (userId) => orThrow(await sessions.create({ userId })).token,
    isFound: async (token) => orThrow(await sessions.get(token)) !== undefined,
    end: async (userId, token) => {
      if (Math.random() < allShare) orThrow(await sessions.revokeAll(userId))
      else orThrow(await sessions.revoke(token))
    },
  }
}
