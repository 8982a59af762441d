import { ServerError } from '../../server-error.ts'
import { valueKey } from '../../values/compare.ts'
import { type Document, isDocument } from '../../values/document.ts'
import { valuesAt } from '../../values/path.ts'
import type { Engine } from '../engine.ts'
import { type PipelineCompiler, type StageFactory, stageFields } from './stage.ts'

/** Stages that read a second collection or run pipelines of their own. */
export const joinStages: Record<string, StageFactory> = {
  $lookup: (argument, context) => {
    const given = stageFields(argument, '$lookup', [
      'from',
      'localField',
      'foreignField',
      'as',
      'let',
      'pipeline',
    ])
    const { from, as } = given
    if (typeof from !== 'string' || typeof as !== 'string')
      throw new ServerError(9, `$lookup needs 'from' and 'as'`)
    const join = joiner(given, context)
    return (documents) => {
      const foreign = context.engine.collection(from)
      const match = matcher(given, foreign)
      return documents.map((document) => ({ ...document, [as]: join(document, match(document)) }))
    }
  },
  $unionWith: (argument, { engine, compile }) => {
    const given =
      typeof argument === 'string'
        ? { coll: argument }
        : stageFields(argument, '$unionWith', ['coll', 'pipeline'])
    const name = given['coll']
    if (typeof name !== 'string') throw new ServerError(9, `$unionWith needs 'coll'`)
    const pipeline = compile(given['pipeline'] ?? [], engine)
    return (documents) => [...documents, ...pipeline(engine.collection(name))]
  },
  $facet: (argument, { engine, compile }) => {
    if (!isDocument(argument) || Object.keys(argument).length === 0) {
      throw new ServerError(40169, 'the $facet specification must be a non-empty object')
    }
    const facets = Object.entries(argument).map(
      ([name, pipeline]) => [name, compile(pipeline, engine)] as const,
    )
    return (documents) => [
      Object.fromEntries(facets.map(([name, pipeline]) => [name, pipeline(documents)])),
    ]
  },
}

type Join = (document: Document, foreign: Document[]) => Document[]

function joiner(
  given: Document,
  { engine, compile }: { engine: Engine; compile: PipelineCompiler },
): Join {
  const { let: variables = {}, pipeline } = given
  if (!isDocument(variables)) throw new ServerError(9, `$lookup argument 'let' must be an object`)
  engine.check(Object.values(variables))
  if (pipeline === undefined) return (_document, foreign) => foreign
  const names = Object.keys(variables)
  compile(pipeline, engine.with(Object.fromEntries(names.map((name) => [name, null]))))
  return (document, foreign) => {
    const values = Object.fromEntries(
      names.map((name) => [name, engine.evaluate(document, variables[name])]),
    )
    return compile(pipeline, engine.with(values))(foreign)
  }
}

function matcher(given: Document, foreign: Document[]): (document: Document) => Document[] {
  const { localField, foreignField } = given
  if (localField === undefined && foreignField === undefined) return () => foreign
  if (typeof localField !== 'string' || typeof foreignField !== 'string') {
    throw new ServerError(9, '$lookup needs both localField and foreignField')
  }
  const byKey = new Map<string, Set<Document>>()
  for (const document of foreign) {
    for (const key of keysAt(document, foreignField))
      byKey.set(key, (byKey.get(key) ?? new Set()).add(document))
  }
  return (document) => {
    const found = keysAt(document, localField).map((key) => byKey.get(key) ?? new Set<Document>())
    if (found.length === 1) return [...(found[0] ?? [])]
    return foreign.filter((candidate) => found.some((set) => set.has(candidate)))
  }
}

function keysAt(document: Document, path: string): string[] {
  const values = valuesAt(document, path).flatMap((value) =>
    Array.isArray(value) ? (value as unknown[]) : [value],
  )
  const present = values.map((value) => valueKey(value ?? null))
  return present.length === 0 ? [valueKey(null)] : present
}
