import { ServerError } from '../../server-error.ts'
import { compareValues, typeRank, valueKey } from '../../values/compare.ts'
import { type Document, isDocument } from '../../values/document.ts'
import { accumulators } from '../accumulators.ts'
import type { Engine } from '../engine.ts'
import { sortDocuments } from '../sort.ts'
import { type StageFactory, stageFields } from './stage.ts'

/** Stages that fold many documents into one. */
export const groupStages: Record<string, StageFactory> = {
  $group: (argument, { engine }) => {
    if (!isDocument(argument))
      throw new ServerError(15947, `a group's fields must be specified in an object`)
    if (!Object.hasOwn(argument, '_id'))
      throw new ServerError(15955, 'a group specification must include an _id')
    const { _id: id, ...fields } = argument
    engine.check(id)
    const keyOf = groupKey(id, engine)
    const fold = folder(fields, engine)
    return (documents) =>
      partition(documents, keyOf).map((group) => ({ _id: group.key, ...fold(group.documents) }))
  },
  $sortByCount: (argument, { engine }) => {
    engine.check(argument)
    const counted = (documents: Document[]): Document[] =>
      partition(documents, groupKey(argument, engine)).map((group) => ({
        _id: group.key,
        count: group.documents.length,
      }))
    return (documents) => sortDocuments(counted(documents), { count: -1 })
  },
  $count: (argument) => {
    if (
      typeof argument !== 'string' ||
      argument === '' ||
      argument.startsWith('$') ||
      argument.includes('.')
    ) {
      throw new ServerError(40156, 'the count field must be a non-empty string without $ and dots')
    }
    return (documents) => (documents.length === 0 ? [] : [{ [argument]: documents.length }])
  },
  $bucket: (argument, { engine }) => {
    const given = stageFields(argument, '$bucket', ['groupBy', 'boundaries', 'default', 'output'])
    engine.check(given['groupBy'])
    const boundaries = boundariesOf(given['boundaries'])
    const fold = folder(
      isDocument(given['output']) ? given['output'] : { count: { $sum: 1 } },
      engine,
    )
    const bucketOf = (document: Document): unknown => {
      const value = engine.evaluate(document, given['groupBy']) ?? null
      const above = boundaries.findIndex((boundary) => compareValues(value, boundary) < 0)
      if (above > 0 && typeRank(value) === typeRank(boundaries[0])) return boundaries[above - 1]
      if (Object.hasOwn(given, 'default')) return given['default']
      throw new ServerError(
        40066,
        '$switch could not find a matching branch for an input, and no default was specified.',
      )
    }
    return (documents) => {
      const groups = partition(documents, bucketOf).map((group) => ({
        _id: group.key,
        ...fold(group.documents),
      }))
      return sortDocuments(groups, { _id: 1 })
    }
  },
}

interface Group {
  key: unknown
  documents: Document[]
}

/**
 * A missing key groups as null; so does the only part of a key of one part, while a key of several
 * parts goes without it.
 */
function groupKey(id: unknown, engine: Engine): (document: Document) => unknown {
  const [only = '', ...others] = isDocument(id) ? Object.keys(id) : []
  if (!isDocument(id) || only === '' || only.startsWith('$') || others.length > 0) {
    return (document) => engine.evaluate(document, id) ?? null
  }
  return (document) => ({ [only]: engine.evaluate(document, id[only]) ?? null })
}

function partition(documents: Document[], keyOf: (document: Document) => unknown): Group[] {
  const groups = new Map<string, Group>()
  for (const document of documents) {
    const key = keyOf(document)
    const text = valueKey(key)
    const group = groups.get(text)
    if (group === undefined) groups.set(text, { key, documents: [document] })
    else group.documents.push(document)
  }
  return [...groups.values()]
}

function folder(fields: Document, engine: Engine): (documents: Document[]) => Document {
  const folds = Object.entries(fields).map(([field, definition]) => {
    const [operator = '', ...more] = isDocument(definition) ? Object.keys(definition) : []
    if (!isDocument(definition) || operator === '') {
      throw new ServerError(40234, `The field '${field}' must be an accumulator object`)
    }
    if (more.length > 0)
      throw new ServerError(40238, `The field '${field}' must specify one accumulator`)
    if (field.includes('.'))
      throw new ServerError(40235, `The field name '${field}' cannot contain '.'`)
    if (!Object.hasOwn(accumulators, operator))
      throw new ServerError(15952, `unknown group operator '${operator}'`)
    engine.check(definition[operator])
    return { field, operator, argument: definition[operator] }
  })
  return (documents) => {
    const result: Document = {}
    for (const { field, operator, argument } of folds)
      result[field] = engine.accumulate(operator, documents, argument)
    return result
  }
}

function boundariesOf(boundaries: unknown): unknown[] {
  if (!Array.isArray(boundaries) || boundaries.length < 2) {
    throw new ServerError(40192, 'The $bucket boundaries must have at least 2 values')
  }
  const sorted = boundaries.every(
    (value, index) => index === 0 || compareValues(boundaries[index - 1], value) < 0,
  )
  const ofOneType = boundaries.every((value) => typeRank(value) === typeRank(boundaries[0]))
  if (!sorted || !ofOneType)
    throw new ServerError(
      40194,
      'The boundaries of $bucket must be of one type and in ascending order',
    )
  return boundaries
}
