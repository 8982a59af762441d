import { PassThrough } from 'node:stream'
import type { WriteStream } from 'node:tty'
import { beforeEach, expect, test } from 'vitest'
import { check, Flow } from '../src/flow.ts'
import { Output } from '../src/output.ts'

let stream: PassThrough
let output: Output
beforeEach(() => {
  stream = new PassThrough()
  output = new Output(stream as unknown as WriteStream)
})

const printed = () => String(stream.read() ?? '')

test('A flow returns its result when every step holds', async () => {
  const made = await Flow.run(output, 'Registration', (flow) =>
    flow.step({ store: 'PostgreSQL', does: 'registers Ada' }, async ({ note }) => {
      note('row 1')
      return { id: 1 }
    }),
  )
  expect(made).toEqual({ id: 1 })
  expect(printed()).toMatch(/Registration\n {2}✓ PostgreSQL {2}registers Ada: row 1 +\d+\.\d ms\n$/)
})

test('A flow ends at the first step that does not hold, and prints it', async () => {
  let later = 0
  const made = await Flow.run(output, 'Enrollment', async (flow) => {
    await flow.step({ store: 'PostgreSQL', does: 'refuses the next student' }, async () => {
      check(later > 0, 'the course took one more')
    })
    await flow.step({ store: 'MongoDB', does: 'has the event' }, async () => {
      later += 1
    })
    return {}
  })
  expect([made, later]).toEqual([undefined, 0])
  expect(printed()).toContain('✗ PostgreSQL  refuses the next student: the course took one more')
})

test('A flow that throws between its steps has no result', async () => {
  expect(
    await Flow.run(output, 'Search', () => Promise.reject(new Error('no index'))),
  ).toBeUndefined()
  expect(printed()).toContain('no index')
})

test('A step is measured by its timed part', async () => {
  await Flow.run(output, 'Search', (flow) =>
    flow.step({ store: 'Redis', does: 'a hit' }, async ({ timed }) => {
      await timed(async () => undefined)
      for (const startedMs = performance.now(); performance.now() - startedMs < 300;) {
        /* busy with reading it back */
      }
      return {}
    }),
  )
  expect(Number(/([\d.]+) ms/.exec(printed())?.[1])).toBeLessThan(250)
})
