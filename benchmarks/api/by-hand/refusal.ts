import type { ErrorRequestHandler, Response } from 'express'
import type { z } from 'zod'

/** Ends a request with a status and an error that its client may see. */
export class Refusal extends Error {
  readonly status: number
  readonly type: string
  readonly field: string | undefined

  constructor(status: number, type: string, message: string, field?: string) {
    super(message)
    this.status = status
    this.type = type
    this.field = field
  }
}

/** Parses input, or ends the request with a 400 that names the first wrong field. */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input ?? {})
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Refusal(400, 'invalid-input', issue?.message ?? 'is wrong', fieldOf(issue))
}

function fieldOf(issue: z.core.$ZodIssue | undefined): string {
  const path = issue?.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys] : issue?.path
  return path === undefined || path.length === 0 ? 'body' : path.join('.')
}

const notEnrollable: Readonly<Record<string, readonly [status: number, type: string]>> = {
  'Course not found or not published': [404, 'not-found'],
  'Course is full': [409, 'course-full'],
  'User already enrolled in this course': [409, 'already-enrolled'],
}

/** Answers what Express, its body parser and the services refuse. */
export const answerError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) return next(error)
  const { type, status, message } = error as { type?: string; status?: number; message: string }
  const known = notEnrollable[message]
  if (error instanceof Refusal) return send(response, error)
  if (known !== undefined) return send(response, new Refusal(...known, message))
  if (type === 'entity.parse.failed')
    return send(response, new Refusal(400, 'invalid-input', 'must be JSON', 'body'))
  if (type === 'entity.too.large')
    return send(response, new Refusal(413, 'body-too-large', 'the body is too large'))
  if (status !== undefined && status >= 400 && status < 500)
    return send(response, new Refusal(400, 'bad-request', 'the request cannot be read'))
  console.error(error)
  send(response, new Refusal(500, 'internal', 'something went wrong here'))
}

function send(response: Response, { status, type, message, field }: Refusal): void {
  const issues = field === undefined ? {} : { field, issues: [{ field, message }] }
  response.status(status).json({ error: { type, message, ...issues } })
}
