import { errAsync } from '@headwater/core'
import { expect, test } from 'vitest'
import type { Invocation } from '../../src/commands/command.ts'
import { type IndexSink, indexSinksOf, reasonsToDiffer } from '../../src/commands/index-sinks.ts'

const sink: IndexSink = {
  ...{ sink: 'index', isServed: true, lagEvents: 1, lagMs: 40, parked: 0, dead: 0 },
}

test.each([
  ['is behind by a moment', {}, []],
  ['is behind by minutes', { lagMs: 120_000 }, [/is 1 event behind, by 2 min/]],
  ['has no relay', { isServed: false }, [/has no relay and is 1 event behind/]],
  ['was never served', { lagEvents: null }, [/was never served/]],
  ['gave up events and is behind', { lagMs: 120_000, dead: 2 }, [/behind/, /gave up 2 events/]],
  ['gave up events just now', { dead: 2 }, [/gave up 2 events.*outbox dead/]],
  ['retries events', { parked: 3 }, [/3 events waiting for another attempt/]],
] as const)('Of a sink that %s, that is said which explains a difference', (_what, given, told) => {
  const lines = reasonsToDiffer([{ ...sink, ...given }], (_tone, text) => text)
  const reasons = lines.filter((line) => line.startsWith('The sink index '))
  expect(reasons).toEqual(told.map((reason) => expect.stringMatching(reason) as string))
})

test('An outbox that does not answer leaves the comparison alone, and that is said', async () => {
  const failure = { type: 'deadline-exceeded', message: 'too late', retryable: true }
  const query = () => errAsync(failure)
  const said: string[] = []
  const invocation = {
    open: async () => ({
      stores: { postgres: { query, withConnection: query, client: { query } } },
      services: async () => ({ search: { index: {}, sinks: [{ name: 'index' }] } }),
    }),
    terminal: { err: (text: string) => said.push(text) },
  }
  expect(await indexSinksOf(invocation as unknown as Invocation)).toEqual([])
  expect(said.join('')).toContain('is not known: too late')
})
