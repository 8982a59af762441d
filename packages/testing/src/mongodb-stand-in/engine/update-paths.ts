import { ServerError } from '../server-error.ts'
import { type Document, isDocument } from '../values/document.ts'
import { valueAt } from '../values/path.ts'
import type { Engine } from './engine.ts'

/**
 * The filters that resolve the placeholders of an update path: the filter for `$`, the array
 * filters for `$[name]`.
 */
export interface UpdateTarget {
  filter: Document
  arrayFilters: Map<string, (element: unknown) => boolean>
  engine: Engine
}

/** Tests of array elements by the name that update paths use them under. */
export function compileArrayFilters(given: unknown, engine: Engine): UpdateTarget['arrayFilters'] {
  if (given === undefined) return new Map()
  if (!Array.isArray(given)) throw new ServerError(14, 'arrayFilters must be an array')
  return new Map(
    given.map((condition: unknown) => {
      const names = isDocument(condition)
        ? new Set(Object.keys(condition).map((path) => path.split('.')[0] ?? ''))
        : new Set<string>()
      const [name = ''] = names
      if (names.size !== 1 || name.startsWith('$')) {
        throw new ServerError(9, 'Each array filter must use exactly one top-level field name')
      }
      const test = engine.filter(condition)
      return [name, (element: unknown) => test({ [name]: element })]
    }),
  )
}

/**
 * The plain paths that an update path means in a document, its placeholders replaced by positions.
 */
export function resolvePaths(document: Document, path: string, target: UpdateTarget): string[] {
  if (!path.includes('$')) return [path]
  const parts = path.split('.')
  if (parts[0]?.startsWith('$'))
    throw new ServerError(52, `The dollar ($) prefixed field '${path}' is not valid for storage.`)
  return expand(document, parts, { done: [], target })
}

function expand(
  value: unknown,
  [part, ...rest]: string[],
  state: { done: string[]; target: UpdateTarget },
): string[] {
  if (part === undefined) return [state.done.join('.')]
  const next = (step: string, child: unknown): string[] =>
    expand(child, rest, { ...state, done: [...state.done, step] })
  if (part === '$') {
    const position = matchedPosition(value, state.done.join('.'), state.target)
    return next(String(position), (value as unknown[])[position])
  }
  const placeholder = /^\$\[(\w*)\]$/.exec(part)
  if (placeholder === null) return next(part, valueAt(value, part))
  if (!Array.isArray(value)) {
    throw new ServerError(
      2,
      `The path '${state.done.join('.')}' must exist in the document in order to apply array updates.`,
    )
  }
  const accepts = elementTest(placeholder[1] ?? '', state.target)
  return value.flatMap((element: unknown, index) =>
    accepts(element) ? next(String(index), element) : [],
  )
}

function elementTest(name: string, target: UpdateTarget): (element: unknown) => boolean {
  if (name === '') return () => true
  const test = target.arrayFilters.get(name)
  if (test === undefined) throw new ServerError(2, `No array filter found for identifier '${name}'`)
  return test
}

function matchedPosition(value: unknown, path: string, target: UpdateTarget): number {
  const conditions = conditionsOn(target.filter, path)
  if (Array.isArray(value) && conditions.length > 0) {
    const tests = conditions.map(([at, condition]) => target.engine.filter({ [at]: condition }))
    const position = value.findIndex((element: unknown) =>
      tests.every((test) => test(nested(path, [element]))),
    )
    if (position >= 0) return position
  }
  throw new ServerError(2, 'The positional operator did not find the match needed from the query.')
}

function conditionsOn(filter: Document, path: string): [string, unknown][] {
  return Object.entries(filter).flatMap(([key, condition]): [string, unknown][] => {
    if (key === '$and' && Array.isArray(condition)) {
      return condition.filter(isDocument).flatMap((part) => conditionsOn(part, path))
    }
    return key === path || key.startsWith(`${path}.`) ? [[key, condition]] : []
  })
}

function nested(path: string, value: unknown): Document {
  return path
    .split('.')
    .reduceRight<unknown>((inner, part) => ({ [part]: inner }), value) as Document
}
