import { httpStatusOf } from '@headwater/core'
import type { Failure } from '@headwater/core'

/**
 * Nothing but this console's own script, style and answers: no inline script or style, no other
 * server, no frame around it.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const safetyHeaders = {
  'Content-Security-Policy': contentSecurityPolicy,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
}

/** An answer of the console; never kept by anybody. */
export function answer(
  status: number,
  body: string | null,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, {
    status,
    headers: { ...safetyHeaders, 'Cache-Control': 'no-store', ...headers },
  })
}

/** A sentence. */
export function text(status: number, sentence: string): Response {
  return answer(status, `${sentence}\n`, { 'Content-Type': 'text/plain; charset=utf-8' })
}

/** A value as JSON. */
export function json(status: number, value: unknown): Response {
  return answer(status, JSON.stringify(value), { 'Content-Type': 'application/json' })
}

/** The statuses of the console's own failures. */
const statuses = { 'audit-unavailable': 503, 'changed-meanwhile': 409, 'still-running': 409 }

/** A failure with its reason, which is what an operator came to see. */
export function failed(failure: Failure<string>): Response {
  const { type, message } = failure
  return json(httpStatusOf(failure, statuses), { error: { type, message } })
}
