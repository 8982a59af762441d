import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import type { Series } from '../../src/contract/history.ts'
import { day, timeOfDay } from '../format.ts'

/** A line of a chart. */
export interface Line {
  readonly label: string
  readonly values: Series
}

export interface ChartProps {
  readonly title: string
  /** The moments of the values, in seconds since the epoch. */
  readonly at: readonly number[]
  readonly lines: readonly Line[]
  /** A value in words, with its unit. */
  readonly format: (value: number) => string
  /** The top of the chart, where it is known. */
  readonly max?: number
  /** Whether its values are those of days, instead of the last five minutes. */
  readonly isDaily?: boolean
}

const height = 150
/** The least time that a chart of the last minutes shows, in seconds. */
const leastSeconds = 60
/** Values in a row of which the newest is a value of now. */
const newestOf = 5
const dashes = [[], [6, 3], [2, 3], [10, 3, 2, 3], [1, 4]] as const

/** Lines over time, with the newest value of each in words. */
export function Chart({ title, at, lines, format, max, isDaily = false }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const legend = useRef<HTMLUListElement>(null)
  const plot = useRef<uPlot>(undefined)
  const newestData = useRef(dataOf(at, lines))
  newestData.current = dataOf(at, lines)
  const labels = lines.map(({ label }) => label).join('\n')
  useEffect(() => {
    const [target, list] = [place.current, legend.current]
    if (target === null || list === null) return undefined
    const stop = drawn(target, list, (width) => {
      plot.current?.destroy()
      const options = optionsOf({ list, lines, format, max, isDaily, width })
      plot.current = new uPlot(options, newestData.current)
      target.replaceChildren(plot.current.root)
    })
    return () => {
      stop()
      plot.current?.destroy()
      plot.current = undefined
    }
  }, [labels, max])
  useEffect(() => {
    plot.current?.setData(newestData.current)
  }, [at])
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={place} class="plot" aria-hidden="true" />
      <ul class="legend" ref={legend}>
        {lines.map(({ label, values }, index) => (
          <li key={label}>
            <svg
              class={`swatch line${index % dashes.length}`}
              width="18"
              height="4"
              aria-hidden="true"
            >
              <line
                x1="0"
                y1="2"
                x2="18"
                y2="2"
                stroke-dasharray={dashes[index % dashes.length]?.join(' ')}
              />
            </svg>
            {label} <b>{newest(values, format)}</b>
          </li>
        ))}
        {lines.length === 0 && <li class="quiet">Nothing measured yet</li>}
      </ul>
    </figure>
  )
}

function newest(values: Series, format: (value: number) => string): string {
  const last = values.slice(-newestOf).findLast((value) => value !== null)
  return last === undefined || last === null ? '–' : format(last)
}

function dataOf(at: readonly number[], lines: readonly Line[]): uPlot.AlignedData {
  return [[...at], ...lines.map(({ values }) => [...values])] as uPlot.AlignedData
}

/** Draws at once, and again when the place or the colours change. */
function drawn(place: Element, list: Element, draw: (width: number) => void): () => void {
  let width = 0
  const sizes = new ResizeObserver(() => {
    if (place.clientWidth === width || place.clientWidth === 0) return
    width = place.clientWidth
    draw(width)
  })
  sizes.observe(place)
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const recolour = (): void => {
    if (list.isConnected) draw(width)
  }
  dark.addEventListener('change', recolour)
  return () => {
    sizes.disconnect()
    dark.removeEventListener('change', recolour)
  }
}

interface Drawing extends Pick<ChartProps, 'lines' | 'format'> {
  readonly list: Element
  readonly max: number | undefined
  readonly isDaily: boolean
  readonly width: number
}

function optionsOf({ list, lines, format, max, isDaily, width }: Drawing): uPlot.Options {
  const ink = getComputedStyle(list).color
  const grid = { stroke: getComputedStyle(list).borderTopColor, width: 1 }
  const axis = { stroke: ink, grid, ticks: { show: false }, font: '11px system-ui' }
  return {
    width,
    height,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: {
        range: (_, first, last) => [isDaily ? first : Math.min(first, last - leastSeconds), last],
      },
      y: { range: (_, __, highest) => [0, max ?? Math.max(highest ?? 0, 1) * 1.1] },
    },
    axes: [
      {
        ...axis,
        space: 90,
        values: (_, splits) => splits.map((at) => (isDaily ? day : timeOfDay)(at * 1_000)),
      },
      { ...axis, size: 62, values: (_, splits) => splits.map((value) => format(value)) },
    ],
    series: [{}, ...strokesOf(list, lines, ink)],
    ...(isDaily ? { tzDate: (at) => uPlot.tzDate(new Date(at * 1_000), 'Etc/UTC') } : {}),
  }
}

/** Each line as its sample in the legend is drawn. */
function strokesOf(list: Element, lines: readonly Line[], ink: string): uPlot.Series[] {
  const swatches = [...list.querySelectorAll('.swatch')]
  return lines.map(({ label }, index) => ({
    label,
    stroke: swatches[index] === undefined ? ink : getComputedStyle(swatches[index]).color,
    dash: [...(dashes[index % dashes.length] ?? [])],
    width: 2,
    points: { size: 4, filter: isolated },
  }))
}

/** A value between two gaps makes no line: it is drawn as a point. */
function isolated(plot: uPlot, line: number): number[] {
  const values: Series = [...(plot.data[line] ?? [])].map((value) => value ?? null)
  const isGap = (at: number): boolean => (values[at] ?? null) === null
  return values.flatMap((_, at) => (!isGap(at) && isGap(at - 1) && isGap(at + 1) ? [at] : []))
}
