import type { Family } from './family.ts'
import { escaped } from './point.ts'

/** The media type of the text format. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8'

/** Families in the text format 0.0.4 of Prometheus. */
export function exposition(families: readonly Family[]): string {
  let text = ''
  for (const family of families) {
    text += `# HELP ${family.name} ${escaped(family.help)}\n`
    text += `# TYPE ${family.name} ${family.kind}\n`
    family.each((point, value) => {
      text += `${point.text} ${numberText(value)}\n`
    })
  }
  return text
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}
