import type { Json } from '@headwater/core'
import { z } from 'zod'
import { pageLimit, rowId, text } from '../input.ts'
import { cursorInput } from '../page.ts'
import { jsonProblem } from './safe-json.ts'

/**
 * What the data of an activity must be, by type. Types that are not listed may carry any data.
 */
export type ActivityTypes = Readonly<Record<string, z.ZodType>>

const courseData = z.object({ courseId: rowId })

/**
 * The types that every application knows.
 */
export const commonActivityTypes: ActivityTypes = {
  'course.viewed': courseData,
  'course.clicked': courseData,
  'lesson.started': courseData,
  'lesson.completed': courseData,
  'page.viewed': z.object({ path: text(2_000) }),
}

const timestamp = z.date().min(new Date('2000-01-01')).max(new Date('2100-01-01'))
const userId = rowId.nullish()
const activityType = text(100).regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be of the form noun.past-participle')

const data = z.unknown().transform((value = {}, context): Readonly<Record<string, Json>> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) context.addIssue({ code: 'custom', message: 'must be an object' })
  const problem = jsonProblem(value)
  if (problem !== undefined) context.addIssue({ code: 'custom', path: [...problem.path], message: problem.message })
  return value as Readonly<Record<string, Json>>
}).optional()

const metadata = z.strictObject({ ipAddress: text(45).optional(), userAgent: text(1_000).optional(), referrer: text(2_000).optional() })

const durable = z.strictObject({ userId, type: activityType, data, timestamp: timestamp.optional() })

/**
 * An activity whose data fits its type.
 */
export function activityInput(types: ActivityTypes) {
  return durable.extend({ metadata: metadata.optional() }).superRefine((event, context) => { checkData(types, event, context) })
}

/**
 * An activity that goes through the outbox.
 */
export function durableActivityInput(types: ActivityTypes) {
  return durable.superRefine((event, context) => { checkData(types, event, context) })
}

/**
 * Checks what `logSearch` is given.
 */
export const searchLogInput = z.strictObject({
  searchId: z.uuid().optional(),
  userId,
  query: text(1_000),
  resultsCount: z.int().min(0),
  searchType: text(50),
  durationMs: z.number().min(0),
})

/**
 * Checks what `recordClick` is given.
 */
export const searchClickInput = z.strictObject({ searchId: z.uuid(), courseId: rowId, position: z.int().min(1).max(10_000) })

/**
 * Checks which activity to list.
 */
export const activityListInput = z.strictObject({
  userId: rowId.optional(),
  type: text(100).optional(),
  from: timestamp.optional(),
  to: timestamp.optional(),
  limit: pageLimit,
  cursor: cursorInput('activity', z.tuple([z.int(), z.string()])),
})

function checkData(types: ActivityTypes, event: z.output<typeof durable>, context: z.core.$RefinementCtx): void {
  const schema = Object.hasOwn(types, event.type) ? types[event.type] : undefined
  const checked = schema?.safeParse(event.data ?? {})
  for (const issue of checked?.error?.issues ?? []) {
    context.addIssue({ code: 'custom', path: ['data', ...issue.path], message: issue.message })
  }
}
