import { expect, test } from 'vitest'
import { chanceOf } from '../../benchmarks/api/load/zipf.ts'
import { flowNames, flowShares } from '../flows/flow.ts'
import { type FlowRequest, requestsOf } from '../flows/flows.ts'

const hits = [{ searchId: 'a-search', courseId: 7, position: 1, proof: 'a proof' }]
const tokens = Array.from({ length: 1_000 }, (_, place) => `token-${place + 1}`)

function drawn(count: number, seed = 1): FlowRequest[] {
  const next = requestsOf({ tokens, hits, chance: chanceOf(seed) })
  return Array.from({ length: count }, next)
}

const ofFlow = (requests: readonly FlowRequest[], name: string) =>
  requests.filter(({ flow }) => flow === name).map(({ text }) => text)

test('Flows are drawn by their shares, which are percentages of the load', () => {
  const requests = drawn(100_000)
  expect(flowNames.reduce((sum, flow) => sum + flowShares[flow], 0)).toBe(100)
  for (const flow of flowNames)
    expect(ofFlow(requests, flow).length / 1_000 / flowShares[flow]).toBeCloseTo(1, 0)
})

test('Requests repeat themselves with the same seed', () => {
  expect(drawn(500, 3)).toEqual(drawn(500, 3))
  expect(drawn(500, 3)).not.toEqual(drawn(500, 4))
})

test('Nobody enrolls twice in a course, or registers under a name that is taken', () => {
  const requests = drawn(50_000)
  for (const flow of ['enroll', 'register']) {
    const texts = ofFlow(requests, flow)
    expect(texts.length).toBeGreaterThan(400)
    expect(new Set(texts).size).toBe(texts.length)
  }
})

test('A few courses are asked for most', () => {
  const counts = new Map<string, number>()
  for (const text of ofFlow(drawn(30_000), 'browse')) {
    const path = text.split(' ')[1] ?? ''
    counts.set(path, (counts.get(path) ?? 0) + 1)
  }
  const most = [...counts.values()].toSorted((one, other) => other - one)
  const all = most.reduce((sum, count) => sum + count, 0)
  expect(most.slice(0, 10).reduce((sum, count) => sum + count, 0) / all).toBeGreaterThan(0.3)
})
