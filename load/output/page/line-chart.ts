import { line } from 'd3-shape'
import { escaped } from './html.ts'
import { amountScale, linearScale, type Scale, timeScale } from './scales.ts'

/** A value at a place; `null` leaves a gap. */
export type Point = readonly [x: number, y: number | null]

/** A line of a chart. */
export interface Series {
  readonly name: string
  readonly points: readonly Point[]
  /** Whether each point is marked. */
  readonly isMarked?: boolean
}

/** A range of the horizontal axis in which something happened. */
export interface Band {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** A chart of lines. Titles of axes name their units. */
export interface LineChart {
  readonly title: string
  readonly x: { readonly title: string; readonly from: number; readonly to: number }
  /** Amounts begin at zero; times are shown by their order of magnitude. */
  readonly y: { readonly title: string; readonly of: 'amounts' | 'times' }
  readonly series: readonly Series[]
  readonly bands?: readonly Band[]
}

const [width, height] = [960, 300]
const plot = { left: 70, right: 945, top: 12, bottom: 250 }
const narrowestBand = 3
const colors = 8

/** Draws a chart as a figure with a legend and one SVG, which is styled by the page. */
export function lineChart({ title, x, y, series, bands = [] }: LineChart): string {
  const values = series.flatMap(({ points }) => points.flatMap(([, value]) => value ?? []))
  const across = linearScale([x.from, x.to], [plot.left, plot.right])
  const scaleOf = y.of === 'times' ? timeScale : amountScale
  const up = scaleOf(values, [plot.bottom, plot.top])
  return [
    `<figure><figcaption>${escaped(title)}</figcaption>`,
    legend(series),
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    ...bands.map((band) => bandShape(band, across)),
    ...up.ticks.map((tick) => horizontal(tick, up)),
    ...across.ticks.map((tick) => vertical(tick, across)),
    axisTitles(x.title, y.title),
    ...series.map((one, place) => seriesShape(one, { place, across, up })),
    '</svg></figure>',
  ].join('\n')
}

function legend(series: readonly Series[]): string {
  const items = series.map(
    ({ name }, place) =>
      `<li><svg viewBox="0 0 24 8" aria-hidden="true"><path class="${styleOf(place)}" ` +
      `d="M0 4H24"/></svg>${escaped(name)}</li>`,
  )
  return `<ul class="legend">${items.join('')}</ul>`
}

function bandShape({ name, from, to }: Band, across: Scale): string {
  const [left, right] = [across.at(from), across.at(to)]
  const [x, top] = [left.toFixed(1), plot.top]
  const wide = Math.max(narrowestBand, right - left).toFixed(1)
  return (
    `<g class="band"><title>${escaped(name)}</title>` +
    `<rect x="${x}" y="${top}" width="${wide}" height="${plot.bottom - top}"/>` +
    `<text transform="translate(${(left - 4).toFixed(1)} ${top + 2}) rotate(-90)">` +
    `${escaped(name)}</text></g>`
  )
}

function horizontal(tick: number, up: Scale): string {
  const y = up.at(tick).toFixed(1)
  return (
    `<path class="grid" d="M${plot.left} ${y}H${plot.right}"/>` +
    `<text class="tick" x="${plot.left - 8}" y="${y}" dy="0.35em" text-anchor="end">` +
    `${written(tick)}</text>`
  )
}

function vertical(tick: number, across: Scale): string {
  const x = across.at(tick).toFixed(1)
  return (
    `<path class="grid" d="M${x} ${plot.bottom}v5"/>` +
    `<text class="tick" x="${x}" y="${plot.bottom + 20}" text-anchor="middle">` +
    `${written(tick)}</text>`
  )
}

function axisTitles(x: string, y: string): string {
  const [middleX, middleY] = [(plot.left + plot.right) / 2, (plot.top + plot.bottom) / 2]
  return (
    `<text class="axis" x="${middleX}" y="${height - 8}" text-anchor="middle">` +
    `${escaped(x)}</text>` +
    `<text class="axis" transform="translate(16 ${middleY}) rotate(-90)" text-anchor="middle">` +
    `${escaped(y)}</text>`
  )
}

function seriesShape(
  { name, points, isMarked = false }: Series,
  { place, across, up }: { readonly place: number; readonly across: Scale; readonly up: Scale },
): string {
  const path = line<Point>()
    .defined(([, value]) => value !== null)
    .x(([x]) => across.at(x))
    .y(([, value]) => up.at(value ?? 0))
    .digits(1)
  const marks = points
    .flatMap(([x, y]) => (y === null || !isMarked ? [] : [{ x: across.at(x), y: up.at(y) }]))
    .map(({ x, y }) => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3"/>`)
  return (
    `<g class="${styleOf(place)}"><title>${escaped(name)}</title>` +
    `<path d="${path(points) ?? ''}"/>${marks.join('')}</g>`
  )
}

/** Eight colours, which the second half of the lines has dashed in addition. */
function styleOf(place: number): string {
  return `line line-${place % colors}${place % colors >= colors / 2 ? ' dashed' : ''}`
}

function written(tick: number): string {
  return String(Number(tick.toPrecision(6)))
}
