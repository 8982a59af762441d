/** A query, taken apart. */
export interface QueryParts {
  /** The text that is asked for, without operators: what an embedder is given. */
  readonly text: string
  /** The same, in pieces. */
  readonly texts: readonly { readonly text: string; readonly isQuoted: boolean }[]
  /** Texts that were quoted: a course must have the words of each in a row. */
  readonly phrases: readonly string[]
  /** Texts behind a minus: a course must not have them. */
  readonly excluded: readonly string[]
}

const piece = /(?<minus>(?<!\S)-+)?(?:"(?<quoted>[^"]*)"|(?<plain>[^\s"]+))/gu

/**
 * Takes a normalised query apart: quoted phrases, exclusions, and the rest. With nothing to look
 * for, a minus means nothing.
 */
export function partsOf(query: string): QueryParts {
  const texts: { text: string; isQuoted: boolean }[] = []
  const phrases: string[] = []
  const excluded: typeof texts = []
  for (const { groups = {} } of query.matchAll(piece)) {
    const { minus, quoted, plain } = groups
    const text = { text: quoted ?? plain ?? '', isQuoted: quoted !== undefined }
    if (minus !== undefined) excluded.push(text)
    else {
      if (quoted !== undefined) phrases.push(quoted)
      texts.push(text)
    }
  }
  return texts.length === 0
    ? { text: joined(excluded), texts: excluded, phrases, excluded: [] }
    : { text: joined(texts), texts, phrases, excluded: excluded.map(({ text }) => text) }
}

function joined(texts: QueryParts['texts']): string {
  return texts.map(({ text }) => text).join(' ')
}

/**
 * A normalised query with each of its texts changed: those behind a minus stay, unless there is
 * nothing else to look for.
 */
export function mapTexts(query: string, change: (text: string) => string): string {
  const isHeeded = partsOf(query).excluded.length > 0
  return query.replace(piece, (found, ...matched) => {
    const { minus, quoted, plain = '' } = matched.at(-1) as Partial<Record<string, string>>
    if (minus !== undefined && isHeeded) return found
    return (minus ?? '') + (quoted === undefined ? change(plain) : `"${change(quoted)}"`)
  })
}
