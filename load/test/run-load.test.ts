import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { loadDefaults } from '../load-options.ts'
import { runLoad } from '../run-load.ts'
import { sloDefaults } from '../slo/slo.ts'

test('A load whose fault cannot be played ends, and no more is sent', async () => {
  let sent = 0
  const next = () => {
    sent += 1
    return { flow: 'browse', text: '' } as const
  }
  const player = {
    begin: () => Promise.reject(new Error('no such server')),
    end: () => Promise.resolve(),
  }
  const load = runLoad(
    { url: 'http://127.0.0.1:1', next, player },
    [{ fault: 'redis-killed', atSeconds: 0.2, forSeconds: 1 }],
    { ...loadDefaults, rate: 200, seconds: 60, warmUpSeconds: 0, slo: sloDefaults },
  )
  await expect(load).rejects.toThrow('no such server')
  expect(sent).toBeGreaterThan(0)
  const sentByThen = sent
  await sleep(500)
  // One more moment had been drawn by then.
  expect(sent).toBeLessThanOrEqual(sentByThen + 1)
})
