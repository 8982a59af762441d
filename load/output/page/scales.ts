import { scaleLinear, scaleLog } from 'd3-scale'

/** An axis: where a value lies, and the values that are written at it. */
export interface Scale {
  readonly at: (value: number) => number
  readonly ticks: readonly number[]
}

const [tickCount, padding] = [5, 1.1]

/** An axis from one value to another, of which only the ticks are round. */
export function linearScale(
  [from, to]: readonly [number, number],
  range: readonly [number, number],
): Scale {
  const scale = scaleLinear().domain([from, to]).range(range)
  return { at: (value) => scale(value), ticks: scale.ticks(tickCount * 2) }
}

/** An axis from zero to a round value above all values. */
export function amountScale(values: readonly number[], range: readonly [number, number]): Scale {
  const most = greatest(values, 1)
  const scale = scaleLinear()
    .domain([0, most * padding])
    .nice(tickCount)
    .range(range)
  return { at: (value) => scale(value), ticks: scale.ticks(tickCount) }
}

/** An axis of times, whose tenfold values lie at equal distances. */
export function timeScale(values: readonly number[], range: readonly [number, number]): Scale {
  const positive = values.filter((value) => value > 0)
  const least =
    10 ** Math.floor(Math.log10(positive.reduce((one, other) => Math.min(one, other), 1)))
  const most = 10 ** Math.ceil(Math.log10(greatest(positive, least * 10)))
  const scale = scaleLog().domain([least, most]).range(range)
  const decades = Math.round(Math.log10(most / least))
  const steps = decades > 3 ? [1] : [1, 2, 5]
  const ticks = Array.from({ length: decades + 1 }, (_, decade) =>
    steps.map((step) => step * least * 10 ** decade),
  ).flat()
  return {
    at: (value) => scale(Math.max(least, value)),
    ticks: ticks.filter((tick) => tick <= most * 1.000_001),
  }
}

function greatest(values: readonly number[], least: number): number {
  return values.reduce((one, other) => Math.max(one, other), least)
}
