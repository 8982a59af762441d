import { invalidOption } from '@headwater/core'
import type { TextRange } from './text-words.ts'

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Writes a text as HTML, with its ranges between tags. Everything else is escaped, so the only tags
 * are these. Ranges may come in any order; what lies outside the text or overlaps is marked once.
 *
 * @param tag - The name of the element; `mark` by default.
 * @throws InvalidOptions when the tag is no name of an element.
 * @example
 * ```ts
 * highlightHtml('Pottery & Glaze', [{ start: 0, end: 7 }]) // '<mark>Pottery</mark> &amp; Glaze'
 * ```
 */
export function highlightHtml(text: string, ranges: readonly TextRange[], tag = 'mark'): string {
  if (!/^[a-z][a-z0-9-]*$/iu.test(tag))
    throw invalidOption('highlightHtml', 'tag', 'expected the name of an element', tag)
  let html = ''
  let written = 0
  for (const range of ranges.toSorted((one, other) => one.start - other.start)) {
    const start = Math.max(written, range.start)
    const end = Math.min(text.length, range.end)
    if (start >= end) continue
    html += `${escaped(text.slice(written, start))}<${tag}>${escaped(text.slice(start, end))}</${tag}>`
    written = end
  }
  return html + escaped(text.slice(written))
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/gu, (character) => escapes[character] ?? '')
}
