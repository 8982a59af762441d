import type { Engine } from '../engine/engine.ts'
import { compilePipeline } from '../engine/pipeline.ts'
import { stageFields } from '../engine/stages/stage.ts'
import { ServerError, notSupported } from '../server-error.ts'
import type { Collection } from '../store/collection.ts'
import { equalValues } from '../values/compare.ts'
import { type Document, isDocument } from '../values/document.ts'
import { valueAt } from '../values/path.ts'
import type { CommandContext } from './command.ts'

interface Output {
  results: Document[]
  context: CommandContext
  engine: Engine
}

/**
 * Writes the results of a pipeline into the collection that its last stage, $out or $merge, names.
 */
export function writeResults(stage: Document, output: Output): void {
  if ('$out' in stage) replaceCollection(stage['$out'], output)
  else merge(stage['$merge'], output)
}

function replaceCollection(argument: unknown, { results, context }: Output): void {
  const { database, name } = targetOf(argument, '$out', context)
  const collection = context.store.open(database, name)
  collection.clear()
  for (const document of results) collection.insert(document)
}

function merge(argument: unknown, output: Output): void {
  const fields = ['into', 'on', 'let', 'whenMatched', 'whenNotMatched']
  const given =
    typeof argument === 'string' ? { into: argument } : stageFields(argument, '$merge', fields)
  if (given['let'] !== undefined) throw notSupported(`$merge with 'let'`)
  const { database, name } = targetOf(given['into'], '$merge', output.context)
  const collection = output.context.store.open(database, name)
  const on = (Array.isArray(given['on']) ? given['on'] : [given['on'] ?? '_id']).map(String)
  for (const document of output.results)
    mergeOne(collection, document, { on, given, engine: output.engine })
}

function mergeOne(
  collection: Collection,
  document: Document,
  how: { on: string[]; given: Document; engine: Engine },
): void {
  const filter = Object.fromEntries(how.on.map((path) => [path, valueAt(document, path) ?? null]))
  const isSame = (other: Document): boolean =>
    how.on.every((path) => equalValues(valueAt(other, path) ?? null, filter[path]))
  const existing = collection.candidates(filter).find(isSame)
  const { whenMatched = 'merge', whenNotMatched = 'insert' } = how.given
  if (existing === undefined) {
    if (whenNotMatched === 'insert') collection.insert(document)
    else if (whenNotMatched !== 'discard')
      throw new ServerError(
        13113,
        '$merge could not find a matching document in the target collection',
      )
  } else if (Array.isArray(whenMatched)) {
    collection.replace(
      existing,
      compilePipeline(whenMatched, how.engine.with({ new: document }))([existing])[0] ?? existing,
    )
  } else if (whenMatched === 'replace')
    collection.replace(existing, { _id: existing['_id'], ...document })
  else if (whenMatched === 'merge')
    collection.replace(existing, { ...existing, ...document, _id: existing['_id'] })
  else if (whenMatched === 'fail')
    throw new ServerError(11000, '$merge found a matching document in the target collection')
  else if (whenMatched !== 'keepExisting')
    throw new ServerError(9, `unknown whenMatched: ${String(whenMatched)}`)
}

function targetOf(
  argument: unknown,
  stage: string,
  context: CommandContext,
): { database: string; name: string } {
  if (typeof argument === 'string') return { database: context.database, name: argument }
  const { db, coll } = isDocument(argument) ? stageFields(argument, stage, ['db', 'coll']) : {}
  if (typeof coll !== 'string') throw new ServerError(9, `${stage} needs the name of a collection`)
  return { database: typeof db === 'string' ? db : context.database, name: coll }
}
