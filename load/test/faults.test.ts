import { beforeEach, describe, expect, test } from 'vitest'
import { faultNames } from '../faults/fault.ts'
import { Phases } from '../faults/phases.ts'
import { checkedSchedule, defaultSchedule } from '../faults/schedule.ts'
import { Timeline } from '../faults/timeline.ts'
import { Recorder } from '../generator/recorder.ts'
import { sloDefaults } from '../slo/slo.ts'

describe('the schedule', () => {
  test('By default every fault is played once, with quiet before and after it', () => {
    const plan = defaultSchedule(300)
    expect(plan.map(({ fault }) => fault)).toEqual(faultNames)
    let quietSince = 0
    for (const { atSeconds, forSeconds } of plan) {
      expect(atSeconds - quietSince).toBeGreaterThan(forSeconds)
      quietSince = atSeconds + forSeconds
    }
    expect(300 - quietSince).toBeGreaterThan(10)
    expect(defaultSchedule(7_000).every(({ forSeconds }) => forSeconds <= 10)).toBe(true)
  })

  test('A file may give its faults in any order, and none that overlap', () => {
    const late = { fault: 'redis-hung', atSeconds: 20, forSeconds: 5 }
    const early = { fault: 'openai-down', atSeconds: 5, forSeconds: 10 }
    const planOf = (faults: object[], seconds = 60) =>
      checkedSchedule(JSON.stringify(faults), seconds)
    expect(planOf([late, early])).toEqual([early, late])
    expect(() => planOf([late, { ...early, forSeconds: 15 }])).toThrow('before redis-hung')
    expect(() => planOf([late], 25)).toThrow('before the end')
    expect(() => planOf([{ ...late, fault: 'redis-hang' }])).toThrow('redis-hung')
  })
})

describe('periods', () => {
  test('A request belongs to a fault when it was under way at any time of it', () => {
    const timeline = new Timeline()
    expect(timeline.periodOf(0, 100)).toBe(0)
    timeline.began('redis-hung', 1_000)
    expect(timeline.periodOf(900, 999)).toBe(0)
    expect(timeline.periodOf(900, 1_000)).toBe(1)
    expect(timeline.periodOf(1_500, 9_000)).toBe(1)
    timeline.played[0]!.toMs = 2_000
    expect(timeline.periodOf(1_999, 9_000)).toBe(1)
    expect(timeline.periodOf(900, 9_000)).toBe(1)
    expect(timeline.periodOf(2_001, 2_002)).toBe(2)
    timeline.began('redis-slow', 5_000).toMs = 6_000
    expect(timeline.periodOf(4_000, 4_999)).toBe(2)
    expect(timeline.periodOf(4_000, 5_500)).toBe(3)
    expect(timeline.periodOf(6_500, 6_501)).toBe(4)
  })

  test('A schedule is played on time, and each fault ends before the next begins', async () => {
    const calls: string[] = []
    const timeline = new Timeline()
    const plan = [
      { fault: 'redis-hung', atSeconds: 0.05, forSeconds: 0.1 },
      { fault: 'mongodb-hung', atSeconds: 0.3, forSeconds: 0.05 },
    ] as const
    await timeline.play(plan, {
      begin: async (fault) => calls.push(`${fault} begins`),
      end: async (fault) => calls.push(`${fault} ends`),
    })
    expect(calls).toEqual([
      'redis-hung begins',
      'redis-hung ends',
      'mongodb-hung begins',
      'mongodb-hung ends',
    ])
    const [first, second] = timeline.played
    expect(first!.fromMs).toBeGreaterThan(45)
    expect(first!.toMs).toBeGreaterThan(145)
    expect(second!.fromMs).toBeGreaterThan(295)
  })
})

describe('phases', () => {
  const slotMs = 250
  let timeline: Timeline
  let recorder: Recorder

  beforeEach(() => {
    timeline = new Timeline()
    timeline.began('redis-hung', 4_000).toMs = 6_000
    recorder = new Recorder({
      slotMs,
      isSlow: (flow, latencyMs) => latencyMs > sloDefaults.flows[flow].p99Ms,
      periodOf: (arrivedMs, endedMs) => timeline.periodOf(arrivedMs, endedMs),
    })
  })

  /** A request each 10 ms of a time, which all take as long and have one outcome. */
  function requests(fromMs: number, toMs: number, latencyMs: number, outcome = 'ok'): void {
    for (let arrivedMs = fromMs; arrivedMs < toMs; arrivedMs += 10)
      recorder.note({ flow: 'browse', arrivedMs, endedMs: arrivedMs + latencyMs, outcome })
  }

  const phases = () =>
    new Phases({ recorder, played: timeline.played, slo: sloDefaults, endMs: 12_000 })

  test('Requests before, during and after a fault are judged apart', () => {
    requests(0, 3_990, 2)
    requests(4_000, 6_000, 5, '503')
    requests(6_010, 12_000, 4)
    const [report] = phases().faults
    expect(report).toMatchObject({
      fault: 'redis-hung',
      atSeconds: 4,
      forSeconds: 2,
      recoverSeconds: 0,
      before: { slo: 'met', flows: { browse: { requests: 399, errorPercent: 0 } } },
      during: { slo: 'broken', flows: { browse: { requests: 200, errors: { '503': 200 } } } },
      after: { slo: 'met' },
    })
    expect(report!.before.flows.search.slo).toBe('unmeasured')
  })

  test('A fault is recovered from when a whole second is as good as before', () => {
    requests(0, 3_990, 2)
    requests(6_010, 7_000, 5, '503')
    requests(7_000, 7_500, 2)
    // Slow is not recovered, though it is no error.
    requests(7_500, 8_500, 400)
    requests(8_500, 12_000, 2)
    expect(phases().faults[0]!.recoverSeconds).toBe(2.5)
    const quiet = recorder.figures((cell) => phases().isQuiet(cell))
    expect(quiet).toMatchObject({ requests: 399 + 350, errors: {} })
  })

  test('A fault is recovered from when requests are no slower than they were before it', () => {
    requests(0, 3_500, 150)
    requests(6_010, 7_000, 5, '503')
    requests(7_000, 12_000, 150)
    expect(phases().faults[0]!.recoverSeconds).toBe(1)
  })

  test('A fault that is never recovered from leaves nothing quiet after it', () => {
    requests(0, 3_990, 2)
    requests(6_010, 12_000, 5, '503')
    expect(phases().faults[0]!.recoverSeconds).toBe(null)
    expect(recorder.figures((cell) => phases().isQuiet(cell)).requests).toBe(399)
  })
})
