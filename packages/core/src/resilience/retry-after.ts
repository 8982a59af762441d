const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/**
 * The time that an HTTP answer asks to be left alone, in milliseconds; `undefined` when it asks for
 * none. Read from `retry-after-ms`, or from `retry-after` as seconds, as a date, which is compared
 * with the `date` of the same answer, or with units, as in `1m30s`.
 */
export function retryAfterMs(headers: Pick<Headers, 'get'>): number | undefined {
  const ms = numberIn(headers.get('retry-after-ms'))
  if (ms !== undefined) return Math.max(0, ms)
  const asked = headers.get('retry-after')?.trim() ?? ''
  const seconds = numberIn(asked)
  if (seconds !== undefined) return Math.max(0, seconds * 1_000)
  return withUnits(asked) ?? untilDate(asked, headers.get('date'))
}

function numberIn(text: string | null): number | undefined {
  // The empty text is 0 to Number.
  const number = text === null || text.trim() === '' ? Number.NaN : Number(text)
  return Number.isFinite(number) ? number : undefined
}

function withUnits(asked: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|[hms]))+$/.test(asked)) return undefined
  return [...asked.matchAll(/([\d.]+)(ms|[hms])/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (unitsMs[unit] ?? 0),
    0,
  )
}

function untilDate(asked: string, sent: string | null): number | undefined {
  const ms = Date.parse(asked) - Date.parse(sent ?? '')
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
