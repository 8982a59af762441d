import * as z from 'zod/mini'

/** A part of a list. */
export interface Page<Item> {
  /** The items, in the list's order. */
  readonly items: readonly Item[]
  /** The `cursor` of the next page; `null` on the last page. */
  readonly nextCursor: string | null
}

/** The part of a list to read. */
export interface PageOptions {
  /**
   * Number of items, at most; from 1 to 200.
   *
   * @defaultValue `20`
   */
  readonly limit?: number | undefined
  /** The `nextCursor` of the page before; absent for the first page. */
  readonly cursor?: string | undefined
}

/** Makes a page from rows; the caller read one more than `limit` to see whether others follow. */
export function toPage<Item>(
  rows: readonly Item[],
  limit: number,
  cursorOf: (last: Item) => string,
): Page<Item> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null }
}

/** Encodes a position in a list as an opaque text; `list` keeps cursors of other lists out. */
export function encodeCursor(list: string, position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([list, ...position])).toString('base64url')
}

/** Reads a cursor that {@link encodeCursor} made for the same list. */
export function cursorInput<Position extends z.ZodMiniType>(list: string, position: Position) {
  return z.optional(
    z.pipe(
      z.string().check(z.maxLength(1_000)),
      z.transform((text, context) => {
        const parts = decode(text)
        const parsed = position.safeParse(parts.slice(1))
        if (parts[0] === list && parsed.success) return parsed.data
        context.issues.push({
          code: 'custom',
          input: text,
          message: 'is not a cursor of this list',
        })
        return z.NEVER
      }),
    ),
  )
}

function decode(text: string): unknown[] {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return Array.isArray(decoded) ? decoded : []
  } catch {
    return []
  }
}
