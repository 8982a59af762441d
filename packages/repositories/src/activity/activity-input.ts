import { rowId, storableText } from '@headwater/core'
import * as z from 'zod'
import { pageLimit } from '../input.ts'
import { cursorInput } from '../page.ts'
import { activityLimits, activityTypePattern } from './activity-limits.ts'
import { metadataInput } from './activity-metadata.ts'
import type { ActivityData, ActivityTypes } from './activity-types.ts'
import { jsonProblem, JsonCopier } from './safe-json.ts'

/** A moment at which an activity may have happened. */
export const moment = z.date().min(new Date(activityLimits.from)).max(new Date(activityLimits.to))

const userId = rowId.nullish()
const activityType = storableText(activityLimits.type).regex(
  activityTypePattern,
  'must be of the form noun.past-participle',
)

const data = z
  .unknown()
  .transform((value = {}, context): ActivityData => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      context.addIssue({ code: 'custom', message: 'must be an object' })
    const copy =
      typeof value === 'object' && value !== null ? new JsonCopier().copyOf(value) : undefined
    const problem = copy === undefined ? jsonProblem(value) : undefined
    if (problem !== undefined)
      context.addIssue({ code: 'custom', path: [...problem.path], message: problem.message })
    return copy ?? z.NEVER
  })
  .optional()

const durable = z.strictObject({ userId, type: activityType, data, timestamp: moment.optional() })

/** Schema of an activity whose data fits its type. */
export function activityInput(types: ActivityTypes) {
  return durable.extend({ metadata: metadataInput.optional() }).superRefine((event, context) => {
    checkData(types, event, context)
  })
}

/** Schema of an activity that goes through the outbox. */
export function durableActivityInput(types: ActivityTypes) {
  return durable.superRefine((event, context) => {
    checkData(types, event, context)
    if (Buffer.byteLength(JSON.stringify(event.data ?? {})) <= maxDurableBytes) return
    context.addIssue({
      code: 'custom',
      path: ['data'],
      message: `must not be longer than ${maxDurableBytes} bytes as JSON`,
    })
  })
}

/** The limit of an outbox payload, less the fields around the data. */
const maxDurableBytes = 65_000

const rank = z.int().min(1)

const searchLogHit = z.strictObject({
  courseId: rowId,
  position: rank,
  dense: rank.optional(),
  lexical: rank.optional(),
  rerank: rank.optional(),
})

/** Schema of the input of `logSearch`. */
export const searchLogInput = z.strictObject({
  searchId: z.uuid().optional(),
  userId,
  query: storableText(1_000),
  resultsCount: z.int().min(0),
  searchType: storableText(50),
  durationMs: z.number().min(0),
  isCached: z.boolean().optional(),
  hits: z.array(searchLogHit).max(1_000).optional(),
})

/** Schema of the input of `logPage`. */
export const searchPageInput = z.strictObject({
  searchId: z.uuid(),
  resultsCount: z.int().min(0),
  hits: z.array(searchLogHit).max(1_000).optional(),
})

/** Schema of the input of `recordClick`. */
export const searchClickInput = z.strictObject({
  searchId: z.uuid(),
  courseId: rowId,
  position: z.int().min(1).max(10_000),
})

/** Schema of the options of `list`. */
export const activityListInput = z.strictObject({
  userId: rowId.optional(),
  type: storableText(100).optional(),
  from: moment.optional(),
  to: moment.optional(),
  limit: pageLimit,
  cursor: cursorInput('activity', z.tuple([z.int(), z.string()])),
})

function checkData(
  types: ActivityTypes,
  event: z.output<typeof durable>,
  context: z.core.$RefinementCtx,
): void {
  const schema = Object.hasOwn(types, event.type) ? types[event.type] : undefined
  const checked = schema?.safeParse(event.data ?? {})
  for (const issue of checked?.success === false ? checked.error.issues : []) {
    context.addIssue({ code: 'custom', path: ['data', ...issue.path], message: issue.message })
  }
}
