import { orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { expect, test } from 'vitest'
import { change, recordingSink, useOutbox } from '../outbox-fixture.ts'

const open = useOutbox()
const exams = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => change(from + index, 1, { type: 'exam.passed' }))

test('A relay with fewer types than the newest one passes no event that it does not deliver', async () => {
  const fixture = await open()
  const old = recordingSink({ types: ['course.*'] })
  const recent = recordingSink({ types: ['exam.*', 'course.*'] })
  const before = fixture.relay([old])
  await fixture.publish(change('a', 1))
  orThrow(await before.drain())
  const after = fixture.relay([recent])
  after.start()
  await eventually(async () => {
    expect(
      await fixture.rows('SELECT FROM @schema.outbox_sink WHERE cardinality(types) = 2'),
    ).toHaveLength(1)
  })
  await fixture.publish(...exams(1, 40))
  orThrow(await after.drain({ deadlineMs: 10_000 }))
  expect(old.seen).toEqual(['a@1'])
  expect(new Set(recent.seen).size).toBe(40)
  await eventually(() => {
    expect(fixture.errors.map(String)).toEqual([expect.stringMatching(/other types/)])
  })
})

test('A release that is rolled back takes over again with its own types', async () => {
  const fixture = await open()
  const old = recordingSink({ types: ['course.*'] })
  const recent = recordingSink({ types: ['exam.*', 'course.*'] })
  fixture.relay([old]).start()
  const after = fixture.relay([recent])
  await fixture.publish(...exams(1, 10))
  orThrow(await after.drain({ deadlineMs: 10_000 }))
  orThrow(await after.stop())
  const again = recordingSink({ types: ['course.*'] })
  const rolledBack = fixture.relay([again])
  rolledBack.start()
  await fixture.publish(change('b', 1))
  orThrow(await rolledBack.drain({ deadlineMs: 10_000 }))
  expect([...old.seen, ...again.seen]).toEqual(['b@1'])
})
