import { digest, option, strictOptions } from '@headwater/core'
import * as z from 'zod/mini'
import type { EmbedOptions } from './embedder.ts'

/** How a model wants queries and documents marked. */
export interface TextMarks {
  /** The mark of a query. */
  readonly query?: TextMark
  /** The mark of a text that is found. */
  readonly document?: TextMark
}

/** How the texts of one purpose are marked. */
export interface TextMark {
  /** Text put before each, for instance `query: `. */
  readonly prefix?: string
  /** Further fields of the request, for instance `{ task: 'retrieval.query' }`. */
  readonly fields?: Readonly<Record<string, unknown>>
}

const ownFields = ['model', 'input', 'dimensions', 'encoding_format']

/** The rule of {@link TextMarks}. */
export function textMarksRule(): z.ZodMiniType {
  const mark = () =>
    z.optional(
      strictOptions<TextMark>({
        prefix: z.optional(option.text()),
        fields: z.optional(
          z
            .record(z.string(), z.json())
            .check(
              z.refine(
                (fields) => !ownFields.some((name) => name in fields),
                `expected fields other than ${ownFields.join(', ')}`,
              ),
            ),
        ),
      }),
    )
  return z.optional(strictOptions<TextMarks>({ query: mark(), document: mark() }))
}

/** Names the marks: vectors of texts that were marked otherwise are not compared. */
export function variantOf({ query, document }: TextMarks): string | undefined {
  const marks = [query, document].map((mark) => [
    mark?.prefix ?? '',
    Object.entries(mark?.fields ?? {}).sort(([one], [other]) => (one < other ? -1 : 1)),
  ])
  const isMarked = marks.some(([prefix, fields]) => prefix !== '' || fields?.length !== 0)
  return isMarked ? digest(JSON.stringify(marks)).slice(0, 16) : undefined
}

/** The mark of a purpose. Texts whose purpose is not said have none. */
export function markOf(marks: TextMarks, purpose: EmbedOptions['purpose']): TextMark {
  return (purpose === undefined ? undefined : marks[purpose]) ?? {}
}
