import { Long } from 'bson'
import { ServerError } from '../../server-error.ts'
import { cloneValue, type Document, isDocument } from '../../values/document.ts'
import { removeAt, setAt, valueAt } from '../../values/path.ts'
import type { Engine } from '../engine.ts'
import { compileProjection } from '../projection.ts'
import { fieldPath, type StageFactory, stageFields } from './stage.ts'

/** Stages that turn each document into another, or into several. */
export const fieldStages: Record<string, StageFactory> = {
  $project: (argument, { engine }) => {
    if (!isDocument(argument) || Object.keys(argument).length === 0) {
      throw new ServerError(51272, 'projection specification must have at least one field')
    }
    const project = compileProjection(argument, engine)
    return (documents) => documents.map(project)
  },
  $addFields: addFields,
  $set: addFields,
  $unset: (argument, { engine }) => {
    const paths = Array.isArray(argument) ? argument : [argument]
    const project = compileProjection(
      Object.fromEntries(paths.map((path) => [String(path), false])),
      engine,
    )
    return (documents) => documents.map(project)
  },
  $replaceRoot: (argument, { engine }) =>
    replaceRoot(stageFields(argument, '$replaceRoot', ['newRoot'])['newRoot'], engine),
  $replaceWith: (argument, { engine }) => replaceRoot(argument, engine),
  $unwind: (argument) => {
    const fields = ['path', 'includeArrayIndex', 'preserveNullAndEmptyArrays']
    const given =
      typeof argument === 'string' ? { path: argument } : stageFields(argument, '$unwind', fields)
    const path = fieldPath(given['path'], '$unwind')
    const how = {
      path,
      index: given['includeArrayIndex'] as string | undefined,
      keepsEmpty: given['preserveNullAndEmptyArrays'] === true,
    }
    return (documents) => documents.flatMap((document) => unwind(document, how))
  },
}

function addFields(
  argument: unknown,
  { engine }: { engine: Engine },
): (documents: Document[]) => Document[] {
  if (!isDocument(argument))
    throw new ServerError(40272, '$addFields specification stage must be an object')
  const fields = flatten(argument)
  for (const [path, expression] of fields) {
    if (path.split('.').some((part) => part === '' || part.startsWith('$'))) {
      throw new ServerError(16410, `FieldPath field names may not start with '$': ${path}`)
    }
    engine.check(expression)
  }
  return (documents) =>
    documents.map((document) => {
      const values = fields.map(
        ([path, expression]) => [path, engine.evaluate(document, expression)] as const,
      )
      return values.reduce((result, [path, value]) => withField(result, path, value), document)
    })
}

function flatten(fields: Document, prefix = ''): [string, unknown][] {
  return Object.entries(fields).flatMap(([key, value]): [string, unknown][] => {
    const nested =
      isDocument(value) && Object.keys(value).length > 0 && !Object.keys(value)[0]?.startsWith('$')
    return nested ? flatten(value, `${prefix}${key}.`) : [[prefix + key, value]]
  })
}

function withField(document: Document, path: string, value: unknown): Document {
  const [top = ''] = path.split('.')
  const nested = path.includes('.')
  const result: Document = nested
    ? { ...document, [top]: branchAt(document, top) }
    : { ...document }
  if (value === undefined) removeAt(result, path)
  else if (nested) setThrough(result, path.split('.'), value)
  else setAt(result, path, value)
  return result
}

function branchAt(document: Document, key: string): unknown {
  const value = Object.hasOwn(document, key) ? document[key] : undefined
  return isDocument(value) || Array.isArray(value) ? cloneValue(value) : {}
}

/** Sets a path in every document of an array on the way, as $addFields does. */
function setThrough(target: unknown, [part = '', ...rest]: string[], value: unknown): void {
  if (Array.isArray(target)) {
    for (const [index, item] of target.entries()) {
      if (!isDocument(item) && !Array.isArray(item)) target[index] = {}
      setThrough(target[index], [part, ...rest], value)
    }
    return
  }
  if (!isDocument(target)) return
  if (rest.length === 0) return void (target[part] = value)
  if (!isDocument(target[part]) && !Array.isArray(target[part])) target[part] = {}
  setThrough(target[part], rest, value)
}

function replaceRoot(expression: unknown, engine: Engine): (documents: Document[]) => Document[] {
  engine.check(expression)
  return (documents) =>
    documents.map((document) => {
      const root = engine.evaluate(document, expression)
      if (!isDocument(root))
        throw new ServerError(40228, `'newRoot' expression must evaluate to an object`)
      return root
    })
}

function unwind(
  document: Document,
  how: { path: string; index: string | undefined; keepsEmpty: boolean },
): Document[] {
  const value = valueAt(document, how.path)
  if (Array.isArray(value) && value.length > 0) {
    return value.map((item: unknown, index) =>
      withIndex(withField(document, how.path, item), how.index, Long.fromNumber(index)),
    )
  }
  if (Array.isArray(value))
    return how.keepsEmpty
      ? [withIndex(withField(document, how.path, undefined), how.index, null)]
      : []
  if (value === null || value === undefined)
    return how.keepsEmpty ? [withIndex(document, how.index, null)] : []
  return [withIndex(document, how.index, null)]
}

function withIndex(document: Document, name: string | undefined, index: Long | null): Document {
  return name === undefined ? document : withField(document, name, index)
}
