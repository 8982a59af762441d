import { stripVTControlCharacters } from 'node:util'
import type { Paint } from './paint.ts'

/** A cell: a number stands at the right of its column. */
export type Cell = string | number

/** Rows under their headings, in columns as wide as they need. */
export function table(
  paint: Paint,
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
): string {
  const isRight = headings.map((_, at) => rows.some((row) => typeof row[at] === 'number'))
  const texts = [headings, ...rows].map((row) => row.map(String))
  const widths = headings.map((_, at) => Math.max(...texts.map((row) => widthOf(row[at] ?? ''))))
  const lines = texts.map((row) =>
    row
      .map((text, at) => {
        const gap = ' '.repeat((widths[at] ?? 0) - widthOf(text))
        return isRight[at] === true ? gap + text : text + gap
      })
      .join('  ')
      .trimEnd(),
  )
  return [paint('quiet', lines[0] ?? ''), ...lines.slice(1)].join('\n')
}

/** Names and what stands behind them, one pair a line. */
export function pairs(
  paint: Paint,
  rows: readonly (readonly [name: string, value: Cell])[],
): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${paint('quiet', name.padEnd(width))}  ${value}`).join('\n')
}

function widthOf(text: string): number {
  return stripVTControlCharacters(text).length
}
