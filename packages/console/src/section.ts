import { within } from '@headwater/core'
import type { AsyncResult } from '@headwater/core'
import type { Section } from './contract/section.ts'

/** Time after which a part of a screen says why it is not there, in milliseconds. */
export const sectionMs = 850

/**
 * A part of a screen, by itself: what keeps it from being there stands in its place, and keeps no
 * other part waiting. Never rejects.
 */
export async function section<T>(
  work: () => AsyncResult<T, { readonly message: string }>,
): Promise<Section<T>> {
  const late = () => unavailable(`no answer within ${sectionMs} ms`)
  return within(attempt(work), sectionMs, late)
}

async function attempt<T>(
  work: () => AsyncResult<T, { readonly message: string }>,
): Promise<Section<T>> {
  try {
    const result = await work()
    return result.match(
      (data) => ({ isAvailable: true, data }),
      ({ message }) => unavailable(message),
    )
  } catch (error) {
    return unavailable(error instanceof Error ? error.message : String(error))
  }
}

function unavailable(reason: string): Section<never> {
  return { isAvailable: false, reason }
}
