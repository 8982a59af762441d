import * as z from 'zod/mini'
import { errorSummary } from '../failure/error-summary.ts'
import { NotConnected } from '../resilience/not-connected.ts'
import { within } from '../resilience/within.ts'

/** A password or a key, or a function that is asked for it whenever it is needed. */
export type Credential = string | (() => string | Promise<string>)

/**
 * The rule of a {@link Credential}.
 *
 * @internal
 */
export function credentialRule(): z.ZodMiniType<Credential> {
  return z.custom<Credential>(
    (value) => (typeof value === 'string' && value !== '') || typeof value === 'function',
    'expected a text that is not empty, or a function that returns one',
  )
}

/** A credential to be read. */
export interface CredentialRead {
  /** Name of the option that holds it. */
  readonly option: string
  /** Time that whatever needs it has, in milliseconds. */
  readonly deadlineMs: number
}

/** Of the whole time, so that a function that is late is named before the time is up. */
const share = 0.8

/**
 * The text of a credential. Rejects with an error that names the option when its function fails, is
 * late, or returns no text or more than a line; the words of the function's own error are left out,
 * since they may quote secrets.
 */
export async function readCredential(
  credential: Credential,
  { option, deadlineMs }: CredentialRead,
): Promise<string> {
  if (typeof credential === 'string') return credential
  const ms = Math.max(1, Math.round(share * deadlineMs))
  const text: unknown = await within(asked(credential, option), ms, () => {
    throw new NotConnected(`the function of \`${option}\` did not answer within ${ms} ms`)
  })
  if (typeof text !== 'string' || text === '')
    throw new NotConnected(`the function of \`${option}\` returned no text`)
  // As files end with, and what a header refuses by quoting it.
  if (/[\r\n\0]/.test(text))
    throw new NotConnected(`the function of \`${option}\` returned a text with a line break`)
  return text
}

async function asked(ask: () => string | Promise<string>, option: string): Promise<unknown> {
  try {
    return await ask()
  } catch (error) {
    const reason = `the function of \`${option}\` failed`
    throw new NotConnected(reason, errorSummary(error, reason))
  }
}
