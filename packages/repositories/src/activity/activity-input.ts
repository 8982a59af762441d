import { once, rowId, storableText } from '@headwater/core'
import * as z from 'zod/mini'
import { pageLimit } from '../input.ts'
import { cursorInput } from '../page.ts'
import { activityLimits, activityTypePattern } from './activity-limits.ts'
import { metadataInput } from './activity-metadata.ts'
import type { ActivityData, ActivityTypes } from './activity-types.ts'
import { jsonProblem, JsonCopier } from './safe-json.ts'

/** A moment at which an activity may have happened. */
export const moment = once(() =>
  z.date().check(z.minimum(new Date(activityLimits.from)), z.maximum(new Date(activityLimits.to))),
)

const userId = once(() => z.nullish(rowId()))
const activityType = once(() =>
  storableText(activityLimits.type).check(
    z.regex(activityTypePattern, 'must be of the form noun.past-participle'),
  ),
)

const data = once(() =>
  z.optional(
    z.pipe(
      z.unknown(),
      z.transform((value = {}, context): ActivityData => {
        if (typeof value !== 'object' || value === null || Array.isArray(value))
          context.issues.push({ code: 'custom', input: value, message: 'must be an object' })
        const copy =
          typeof value === 'object' && value !== null ? new JsonCopier().copyOf(value) : undefined
        const problem = copy === undefined ? jsonProblem(value) : undefined
        if (problem !== undefined)
          context.issues.push({
            code: 'custom',
            input: value,
            path: [...problem.path],
            message: problem.message,
          })
        return copy ?? z.NEVER
      }),
    ),
  ),
)

const durable = once(() =>
  z.strictObject({
    userId: userId(),
    type: activityType(),
    data: data(),
    timestamp: z.optional(moment()),
  }),
)

/** Schema of an activity whose data fits its type. */
export function activityInput(types: ActivityTypes) {
  return z.extend(durable(), { metadata: z.optional(metadataInput()) }).check(
    z.superRefine((event, context) => {
      checkData(types, event, context)
    }),
  )
}

/** Schema of an activity that goes through the outbox. */
export function durableActivityInput(types: ActivityTypes) {
  return durable().check(
    z.superRefine((event, context) => {
      checkData(types, event, context)
      if (Buffer.byteLength(JSON.stringify(event.data ?? {})) <= maxDurableBytes) return
      context.addIssue({
        code: 'custom',
        path: ['data'],
        message: `must not be longer than ${maxDurableBytes} bytes as JSON`,
      })
    }),
  )
}

/** The limit of an outbox payload, less the fields around the data. */
const maxDurableBytes = 65_000

const rank = once(() => z.int().check(z.minimum(1)))

const searchLogHit = once(() =>
  z.strictObject({
    courseId: rowId(),
    position: rank(),
    dense: z.optional(rank()),
    lexical: z.optional(rank()),
    rerank: z.optional(rank()),
  }),
)

/** Schema of the input of `logSearch`. */
export const searchLogInput = once(() =>
  z.strictObject({
    searchId: z.optional(z.uuid()),
    userId: userId(),
    query: storableText(1_000),
    resultsCount: z.int().check(z.minimum(0)),
    searchType: storableText(50),
    durationMs: z.number().check(z.minimum(0)),
    isCached: z.optional(z.boolean()),
    hits: z.optional(z.array(searchLogHit()).check(z.maxLength(1_000))),
  }),
)

/** Schema of the input of `logPage`. */
export const searchPageInput = once(() =>
  z.strictObject({
    searchId: z.uuid(),
    resultsCount: z.int().check(z.minimum(0)),
    hits: z.optional(z.array(searchLogHit()).check(z.maxLength(1_000))),
  }),
)

/** Schema of the input of `recordClick`. */
export const searchClickInput = once(() =>
  z.strictObject({
    searchId: z.uuid(),
    courseId: rowId(),
    position: z.int().check(z.minimum(1), z.maximum(10_000)),
  }),
)

/** Schema of the options of `list`. */
export const activityListInput = once(() =>
  z.strictObject({
    userId: z.optional(rowId()),
    type: z.optional(storableText(100)),
    from: z.optional(moment()),
    to: z.optional(moment()),
    limit: pageLimit(),
    cursor: cursorInput('activity', z.tuple([z.int(), z.string()])),
  }),
)

function checkData(
  types: ActivityTypes,
  event: z.output<ReturnType<typeof durable>>,
  context: z.core.$RefinementCtx,
): void {
  const schema = Object.hasOwn(types, event.type) ? types[event.type] : undefined
  const checked = schema?.safeParse(event.data ?? {})
  for (const issue of checked?.success === false ? checked.error.issues : []) {
    context.addIssue({ code: 'custom', path: ['data', ...issue.path], message: issue.message })
  }
}
