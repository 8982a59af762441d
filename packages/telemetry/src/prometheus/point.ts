import type { Metric } from '../metrics/metric.ts'
import { labelName } from './prometheus-name.ts'

/** Labels of a series, by name. */
export type Labels = Readonly<Record<string, string>>

/** A line of the exposition without its value. Made once: a scrape has thousands of them. */
export interface Point {
  /** The name of the family, and what a histogram adds to it. */
  readonly name: string
  readonly labels: Labels
  /** Name and labels as the text format has them. */
  readonly text: string
}

/** The point of a name and its labels. */
export function pointOf(name: string, labels: Labels): Point {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${quoted(value)}"`)
  return { name, labels, text: pairs.length === 0 ? name : `${name}{${pairs.join(',')}}` }
}

/** The labels of values of a metric. An empty one is no label, as Prometheus sees it. */
export function labelsOf({ attributes }: Metric, values: readonly string[]): Labels {
  return Object.fromEntries(
    attributes.flatMap((attribute, at) => {
      const value = values[at] ?? ''
      return value === '' ? [] : [[labelName(attribute), value]]
    }),
  )
}

/** A text in which a line ends nowhere. */
export function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function quoted(text: string): string {
  return escaped(text).replaceAll('"', '\\"')
}
