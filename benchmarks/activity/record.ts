import { orThrow } from '@headwater/core'
import type { ActivityRepository } from '@headwater/repositories'
import type { Contest } from '../measure/alternate.ts'
import { events } from './events.ts'

const eventsPerRound = 4_000
const maxId = 2_147_483_647
const typePattern = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/
const ofCourses = new Set(['course.viewed', 'course.clicked', 'lesson.started', 'lesson.completed'])

type Event = ReturnType<typeof events>[number]

/**
 * Recording an event against checking the same rules by hand and pushing the object onto an array.
 */
export function recordContest(activity: ActivityRepository): Contest {
  const given = events(eventsPerRound)
  return {
    ours: async () => {
      await activity.flush()
      return async () => {
        for (const event of given) orThrow(activity.record(event))
      }
    },
    theirs: () => {
      const array: Event[] = []
      return async () => {
        for (const event of given) if (isValid(event)) array.push(event)
      }
    },
    operations: eventsPerRound,
  }
}

/** The check that someone in a hurry would write: no copy, no id, no timestamp. */
function isValid({ userId, type, data, metadata = {} }: Event): boolean {
  if (!isId(userId) || type.length > 100 || !typePattern.test(type)) return false
  if (ofCourses.has(type) && !isId(data.courseId)) return false
  for (const [key, value] of Object.entries(data)) {
    if (
      key === '' ||
      key.startsWith('$') ||
      key.includes('.') ||
      key === '__proto__' ||
      key === 'constructor' ||
      key === 'prototype'
    )
      return false
    if (typeof value === 'string' && !isStorable(value)) return false
  }
  const { ipAddress, userAgent, referrer } = metadata
  return isText(ipAddress, 45) && isText(userAgent, 1_000) && isText(referrer, 2_000)
}

function isId(id: number): boolean {
  return Number.isInteger(id) && id >= 1 && id <= maxId
}

function isText(text: string | undefined, maxLength: number): boolean {
  return text === undefined || (text.length <= maxLength && /\S/.test(text) && isStorable(text))
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
