import type { Msg } from '@nats-io/nats-core'
import { expect, test } from 'vitest'
import { readAnswer } from '../../src/nats/nats-answer.ts'

/** An answer as a stream sends it. */
function answered(text: string): Msg {
  return { json: () => JSON.parse(text) as unknown } as Msg
}

const refusals = [
  '{"code":400,"err_code":10054,"description":"message size exceeds maximum allowed"}',
  '{"code":400,"err_code":10097,"description":"header size exceeds maximum allowed of 64k"}',
  '{"code":400,"err_code":10109,"description":"invalid operation on sealed stream"}',
]

test.each(refusals)('An event is refused that meets %s', (error) => {
  const answer = readAnswer(answered(`{"error":${error},"stream":"EVENTS","seq":0}`))
  expect(answer).toMatchObject({ of: 'event', failure: { retryable: false } })
})

const outages = [
  '{"code":400,"err_code":10002,"description":"resource limits exceeded for account"}',
  '{"code":409,"err_code":10158,"description":"duplicate message id is in process"}',
  '{"code":429,"err_code":10167,"description":"too many requests"}',
  '{"code":503,"err_code":10077,"description":"maximum messages exceeded"}',
  '{"code":500,"err_code":10047,"description":"insufficient storage resources available"}',
  '{"code":400,"err_code":19999,"description":"something that nobody knows"}',
  '{"code":400,"description":"an error of an old server"}',
]

test.each(outages)('The sink rests at %s', (error) => {
  const answer = readAnswer(answered(`{"error":${error},"stream":"EVENTS","seq":0}`))
  expect(answer).toMatchObject({ of: 'batch', failure: { retryable: true } })
})

test.each(['{"stream":"EVENTS","seq":8}', '{"stream":"EVENTS","seq":8,"duplicate":true}'])(
  'An event is delivered at %s',
  (text) => {
    expect(readAnswer(answered(text))).toBeUndefined()
  },
)

test('The sink rests when something that is no stream answers', () => {
  expect(readAnswer(answered('pong'))).toMatchObject({ of: 'batch', failure: { retryable: true } })
})
