import { ServerError } from '../server-error.ts'
import { cloneValue, type Document, fieldOf, isDocument, setField } from '../values/document.ts'
import { setAt } from '../values/path.ts'
import type { Engine } from './engine.ts'
import { compilePipeline, stageName } from './pipeline.ts'
import { updateOperators } from './update-operators.ts'
import { compileArrayFilters, resolvePaths, type UpdateTarget } from './update-paths.ts'

/** A checked update: creates the new document and leaves the old one unchanged. */
export interface Update {
  /** Whether the whole document is replaced; such an update cannot be applied to many. */
  isReplacement: boolean
  apply(document: Document, situation: { inserting: boolean }): Document
}

const pipelineStages = new Set([
  '$addFields',
  '$set',
  '$project',
  '$unset',
  '$replaceRoot',
  '$replaceWith',
])

/**
 * Checks an update: a replacement, update operators or a pipeline. Unknown operators and
 * conflicting paths are errors.
 */
export function compileUpdate(
  given: unknown,
  parts: { filter: Document; arrayFilters: unknown; engine: Engine },
): Update {
  const { engine } = parts
  const target: UpdateTarget = {
    filter: parts.filter,
    engine,
    arrayFilters: compileArrayFilters(parts.arrayFilters, engine),
  }
  if (Array.isArray(given)) return pipelineUpdate(given, engine)
  if (!isDocument(given)) throw new ServerError(9, 'the update must be an object or an array')
  const names = Object.keys(given)
  if (!names[0]?.startsWith('$')) return replacement(given)
  return operatorUpdate(given, target)
}

/** The document that an upsert starts from: the fields that the filter fixes to a value. */
export function documentFromFilter(filter: Document): Document {
  const document: Document = {}
  for (const [path, condition] of Object.entries(filter)) {
    const isConjunction =
      path === '$and' || (path === '$or' && Array.isArray(condition) && condition.length === 1)
    if (isConjunction && Array.isArray(condition)) {
      for (const part of condition.filter(isDocument))
        Object.assign(document, documentFromFilter(part))
    } else if (!path.startsWith('$')) setFixed(document, path, condition)
  }
  return document
}

function setFixed(document: Document, path: string, condition: unknown): void {
  if (condition instanceof RegExp) return
  if (!isDocument(condition) || !Object.keys(condition)[0]?.startsWith('$'))
    return setAt(document, path, cloneValue(condition))
  const { $eq: only, $in: among } = condition
  if ('$eq' in condition) setAt(document, path, cloneValue(only))
  else if (Array.isArray(among) && among.length === 1)
    setAt(document, path, cloneValue<unknown>(among[0]))
}

function replacement(given: Document): Update {
  const dollar = Object.keys(given).find((key) => key.startsWith('$'))
  if (dollar !== undefined) {
    throw new ServerError(
      52,
      `The dollar ($) prefixed field '${dollar}' is not allowed in the context of an update's replacement document.`,
    )
  }
  return {
    isReplacement: true,
    apply: (document) => {
      const id = fieldOf(document, '_id')
      if (id === undefined || Object.hasOwn(given, '_id')) return cloneValue(given)
      const result: Document = { _id: id }
      for (const [key, value] of Object.entries(given)) setField(result, key, cloneValue(value))
      return result
    },
  }
}

function pipelineUpdate(given: unknown[], engine: Engine): Update {
  for (const stage of given) {
    const name = stageName(stage)
    if (!pipelineStages.has(name))
      throw new ServerError(72, `${name} is not allowed to be used within an update`)
  }
  const run = compilePipeline(given, engine)
  return { isReplacement: false, apply: (document) => cloneValue(run([document])[0] ?? document) }
}

function operatorUpdate(given: Document, target: UpdateTarget): Update {
  const changes = Object.entries(given).flatMap(([name, fields]) => {
    if (!Object.hasOwn(updateOperators, name)) {
      throw new ServerError(
        9,
        `Unknown modifier: ${name}. Expected a valid update modifier or pipeline-style update specified as an array`,
      )
    }
    if (!isDocument(fields))
      throw new ServerError(9, `Modifiers operate on fields but we found another type for ${name}`)
    return Object.entries(fields).map(([path, argument]) => ({ name, path, argument }))
  })
  const unused = [...target.arrayFilters.keys()].find(
    (name) => !changes.some(({ path }) => path.includes(`$[${name}]`)),
  )
  if (unused !== undefined)
    throw new ServerError(
      9,
      `The array filter for identifier '${unused}' was not used in the update`,
    )
  checkPaths(
    changes.flatMap(({ name, path, argument }) =>
      name === '$rename' ? [path, String(argument)] : [path],
    ),
  )
  return {
    isReplacement: false,
    apply: (document, { inserting }) => {
      const result = cloneValue(document)
      for (const { name, path, argument } of changes) {
        if (name === '$setOnInsert' && !inserting) continue
        for (const plain of resolvePaths(result, path, target))
          updateOperators[name]?.(result, plain, argument, target)
      }
      return result
    },
  }
}

function checkPaths(paths: string[]): void {
  const sorted = paths.map((path) => `${path}.`).sort()
  for (const [index, path] of sorted.entries()) {
    if (path === '.' || path.includes('..') || path.startsWith('.')) {
      throw new ServerError(
        56,
        `The update path '${path.slice(0, -1)}' contains an empty field name`,
      )
    }
    const previous = sorted[index - 1]
    if (previous !== undefined && path.startsWith(previous)) {
      throw new ServerError(
        40,
        `Updating the path '${path.slice(0, -1)}' would create a conflict at '${previous.slice(0, -1)}'`,
      )
    }
  }
}
