import express from 'express'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { errorHandler } from '../src/error-response.ts'
import { RequestFailed } from '../src/failure.ts'

const secret = 'postgresql://admin:hunter2@db.internal/shop'
let stop: (() => void) | undefined
afterEach(() => {
  stop?.()
})

/** The answer of a route that throws. */
async function answerTo(
  error: unknown,
  report: (error: unknown) => void = () => undefined,
): Promise<{ response: Response; text: string }> {
  const app = express()
  app.get('/', () => {
    throw error
  })
  app.use(errorHandler(report))
  const server = app.listen(0, '127.0.0.1')
  stop = () => {
    server.close()
  }
  await once(server, 'listening')
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return { response, text: await response.text() }
}

test('A mistake of our own is reported and becomes a 500 that reveals nothing', async () => {
  const mistake = new Error(secret)
  const reported: unknown[] = []
  const { response, text } = await answerTo(mistake, (error) => {
    reported.push(error)
  })
  expect([response.status, JSON.parse(text)]).toEqual([
    500,
    { error: { type: 'internal', message: 'something went wrong here' } },
  ])
  expect(reported).toEqual([mistake])
})

const storeFailures = [
  ['store-unavailable', 503],
  ['deadline-exceeded', 503],
  ['serialization-failed', 503],
  ['store-refused', 500],
  ['constraint-violated', 500],
  ['transaction-poisoned', 500],
] as const

test.each(storeFailures)(
  'A %s becomes a %d without the message of the store',
  async (type, status) => {
    const failure = {
      type,
      message: secret,
      retryable: status === 503,
      cause: new Error(secret),
      store: 'postgres',
    }
    const { response, text } = await answerTo(new RequestFailed(failure))
    expect(response.status).toBe(status)
    expect(text).not.toMatch(/hunter2|stack|cause|postgres/)
    expect(response.headers.get('Retry-After')).toBe(status === 503 ? '1' : null)
  },
)

test('A commit of unknown outcome is a 503 without Retry-After', async () => {
  const { response } = await answerTo(
    new RequestFailed({ type: 'commit-unknown', message: '', retryable: false }),
  )
  expect([response.status, response.headers.get('Retry-After')]).toEqual([503, null])
})
