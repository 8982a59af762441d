import { isRowId, once } from '@headwater/core'
import * as z from 'zod/mini'

const askedInput = once(() =>
  z.strictObject(
    {
      courses: z
        .array(z.custom<number>(isRowId, 'must be the id of a course'), 'must be a list of ids')
        .check(z.minLength(1, 'must have an id'), z.maxLength(50, 'must have at most 50 ids')),
    },
    'must be true, false, or an object with courses',
  ),
)

/** The option `explain`; no union, since the failure of one does not name the rule. */
export const explainInput = once(() =>
  z.pipe(
    z.unknown(),
    z.transform((given, context) => {
      if (given === undefined || typeof given === 'boolean') return given
      const asked = askedInput().safeParse(given)
      if (asked.success) return asked.data
      for (const issue of asked.error.issues)
        context.issues.push({ ...issue, input: given } as z.core.$ZodRawIssue)
      return z.NEVER
    }),
  ),
)
