import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { goneSignal } from '@headwater/core'
import { expect, onTestFinished, test } from 'vitest'

/** A server that hands each request on; its URL. */
async function listen(onRequest: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = http.createServer(onRequest).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('A request whose body was read to its end is not gone, nor is one that was answered', async () => {
  const seen = Promise.withResolvers<AbortSignal>()
  const url = await listen((request, response) => {
    const signal = goneSignal(response)
    response.once('close', () => seen.resolve(signal))
    const ended = once(request, 'close')
    void text(request).then(async (body) => {
      await ended
      response.end(signal.aborted ? 'gone' : body)
    })
  })
  const answer = await fetch(url, { method: 'POST', body: 'hello' })
  expect(await answer.text()).toBe('hello')
  expect((await seen.promise).aborted).toBe(false)
})

test('A client that leaves before its answer aborts the signal', async () => {
  const leave = new AbortController()
  const gone = Promise.withResolvers<boolean>()
  const url = await listen((_request, response) => {
    const signal = goneSignal(response)
    signal.addEventListener('abort', () => gone.resolve(signal.aborted))
    leave.abort()
  })
  await expect(fetch(url, { signal: leave.signal })).rejects.toThrow()
  expect(await gone.promise).toBe(true)
})

test('A client that has left before the signal was asked for aborts it at once', async () => {
  const leave = new AbortController()
  const isGone = Promise.withResolvers<boolean>()
  const url = await listen((_request, response) => {
    response.once('close', () => isGone.resolve(goneSignal(response).aborted))
    leave.abort()
  })
  await expect(fetch(url, { signal: leave.signal })).rejects.toThrow()
  expect(await isGone.promise).toBe(true)
})
