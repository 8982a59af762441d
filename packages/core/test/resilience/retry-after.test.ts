import { retryAfterMs } from '@headwater/core'
import { expect, it } from 'vitest'

const sent = 'Sat, 28 Nov 2026 09:00:00 GMT'
const answers = [
  [{ 'retry-after': '2' }, 2_000],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after': '2', 'retry-after-ms': '150' }, 150],
  [{ 'retry-after': '20s' }, 20_000],
  [{ 'retry-after': '1m30s' }, 90_000],
  [{ 'retry-after': '250ms' }, 250],
  [{ 'retry-after': 'Sat, 28 Nov 2026 09:00:07 GMT', date: sent }, 7_000],
  [{ 'retry-after': 'Sat, 28 Nov 2026 08:59:00 GMT', date: sent }, 0],
  [{ 'retry-after': 'Sat, 28 Nov 2026 09:00:07 GMT' }, undefined],
  [{ 'retry-after': '-1' }, 0],
  [{ 'retry-after': '' }, undefined],
  [{ 'retry-after': 'soon', date: sent }, undefined],
  [{}, undefined],
] as const

it.each(answers)('An answer with %j asks to be left alone for %s ms', (headers, ms) => {
  expect(retryAfterMs(new Headers(headers))).toBe(ms)
})
