/** The lower and the upper end of a range. */
export type Interval = readonly [number, number]

const resamples = 1_000

/**
 * The range in which the mean lies with a confidence of 95 %: the percentile bootstrap (Efron,
 * 1979). The same values always give the same range.
 */
export function confidenceOf(values: readonly number[]): Interval {
  if (values.length === 0) return [0, 0]
  const random = sequence()
  const means = Array.from({ length: resamples }, () => {
    let sum = 0
    for (let drawn = 0; drawn < values.length; drawn += 1)
      sum += values[Math.floor(random() * values.length)] ?? 0
    return sum / values.length
  }).sort((one, other) => one - other)
  const at = (share: number): number => rounded(means[Math.floor(share * (resamples - 1))] ?? 0)
  return [at(0.025), at(0.975)]
}

/** Four decimals. */
export function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000
}

/** Numbers from 0 to 1 (mulberry32), from the same start each time. */
function sequence(): () => number {
  let state = 17
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
