import { invalidOption } from '@headwater/core'
import type { Json } from '@headwater/core'
import type { LoggedActivity } from './activity-entry.ts'
import { jsonProblem } from './safe-json.ts'

/** A field that is removed or replaced before an activity leaves the process. */
export interface Redaction {
  /**
   * Its name in the document: `metadata.ip_address`, `metadata.user_agent`, `metadata.referrer`, or
   * a path below `event_data`.
   */
  readonly field: string
  /**
   * Returns the replacement; the field is removed when this returns `undefined`, throws, or returns
   * a value that is not JSON.
   */
  readonly replace: (value: Json) => Json | undefined
}

const metadataFields = new Map([
  ['ip_address', 'ipAddress'],
  ['user_agent', 'userAgent'],
  ['referrer', 'referrer'],
])

/** Removes or replaces the configured fields of an activity before it is buffered. */
export class Redactor {
  readonly #redactions: readonly {
    readonly steps: readonly string[]
    readonly replace: Redaction['replace']
  }[]

  /** @throws {@link InvalidOptions} when no activity can have a field. */
  constructor(redactions: readonly (string | Redaction)[]) {
    this.#redactions = redactions.map((redaction) => {
      const { field, replace } =
        typeof redaction === 'string' ? { field: redaction, replace: () => undefined } : redaction
      return { steps: stepsTo(field), replace }
    })
  }

  /** Redacts an activity in place and returns it. */
  redact<Activity extends Pick<LoggedActivity, 'data' | 'metadata'>>(activity: Activity): Activity {
    for (const { steps, replace } of this.#redactions) redactAt(activity, steps, replace)
    return activity
  }
}

function stepsTo(field: string): readonly string[] {
  const [root, name = '', ...rest] = field.split('.')
  if (root === 'event_data' && ![name, ...rest].includes('')) return ['data', name, ...rest]
  const member = rest.length === 0 && root === 'metadata' ? metadataFields.get(name) : undefined
  if (member !== undefined) return ['metadata', member]
  throw invalidOption(
    'createRepositories',
    'activity.redact',
    'expected metadata.ip_address, metadata.user_agent, metadata.referrer or a path in event_data',
    field,
  )
}

/** Follows the steps into objects, and into every element of arrays on the way. */
function redactAt(within: unknown, steps: readonly string[], replace: Redaction['replace']): void {
  const [step, ...rest] = steps
  if (typeof within !== 'object' || within === null || step === undefined) return
  if (Array.isArray(within))
    return within.forEach((element) => {
      redactAt(element, steps, replace)
    })
  const members = within as Record<string, Json>
  const member = Object.hasOwn(members, step) ? members[step] : undefined
  if (member === undefined) return
  if (rest.length > 0) return redactAt(member, rest, replace)
  const replacement = replacementOf(member, replace)
  if (replacement === undefined) Reflect.deleteProperty(members, step)
  else members[step] = replacement
}

function replacementOf(member: Json, replace: Redaction['replace']): Json | undefined {
  try {
    const replacement = replace(member)
    return replacement === undefined || jsonProblem(replacement) !== undefined
      ? undefined
      : structuredClone(replacement)
  } catch {
    return undefined
  }
}
