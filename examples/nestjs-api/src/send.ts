import type { Answer } from '@headwater-examples/elearning'
import type { Response } from 'express'

/** Sends an answer. */
export function send(response: Response, { status, headers, cookie, body }: Answer): void {
  response.status(status).set({ ...headers })
  if (cookie !== undefined) response.append('Set-Cookie', cookie)
  if (body === undefined) response.end()
  else response.json(body)
}
