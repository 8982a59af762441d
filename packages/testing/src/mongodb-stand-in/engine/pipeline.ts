import * as mingoStages from 'mingo/operators/pipeline'
import { ServerError, notSupported } from '../server-error.ts'
import { type Document, isDocument } from '../values/document.ts'
import { toNumber } from '../values/number.ts'
import type { Engine, MingoStage } from './engine.ts'
import { sortDocuments } from './sort.ts'
import { fieldStages } from './stages/field-stages.ts'
import { groupStages } from './stages/group-stages.ts'
import { joinStages } from './stages/join-stages.ts'
import { type Stage, type StageFactory, stageFields } from './stages/stage.ts'
import { windowStage } from './stages/window-stage.ts'

/**
 * Checks the stages of a pipeline and combines them into one function. Anything unknown is an error
 * before any document is read.
 */
export function compilePipeline(pipeline: unknown, engine: Engine): Stage {
  if (!Array.isArray(pipeline))
    throw new ServerError(14, `'pipeline' option must be specified as an array`)
  const stages = pipeline.map((stage: unknown) => compileStage(stage, engine))
  return (documents) =>
    stages.reduce((result, stage) => {
      engine.interrupt()
      return stage(result)
    }, documents)
}

/** The name of a stage: its only field. */
export function stageName(stage: unknown): string {
  const names = isDocument(stage) ? Object.keys(stage) : []
  const [name] = names
  if (name === undefined || names.length > 1) {
    throw new ServerError(
      40323,
      'A pipeline stage specification object must contain exactly one field.',
    )
  }
  return name
}

function compileStage(stage: unknown, engine: Engine): Stage {
  const name = stageName(stage)
  const factory = Object.hasOwn(factories, name) ? factories[name] : undefined
  if (factory !== undefined)
    return factory((stage as Document)[name], { engine, compile: compilePipeline })
  if (name === '$changeStream')
    throw new ServerError(40573, 'The $changeStream stage is only supported on replica sets')
  if (name === '$out' || name === '$merge')
    throw new ServerError(40601, `${name} can only be the final stage in the pipeline`)
  if (knownElsewhere.has(name)) throw notSupported(`the stage ${name}`)
  throw new ServerError(40324, `Unrecognized pipeline stage name: '${name}'`)
}

const knownElsewhere = new Set([
  '$collStats',
  '$currentOp',
  '$documents',
  '$fill',
  '$geoNear',
  '$indexStats',
  '$listSessions',
  '$planCacheStats',
  '$redact',
  '$search',
  '$searchMeta',
  '$vectorSearch',
])

const factories: Record<string, StageFactory> = {
  ...fieldStages,
  ...groupStages,
  ...joinStages,
  $match: (argument, { engine }) => {
    const test = engine.filter(argument)
    return (documents) => documents.filter(test)
  },
  $sort: (argument) => {
    if (isDocument(argument) && Object.keys(argument).length === 0) {
      throw new ServerError(15976, '$sort stage must have at least one sort key')
    }
    sortDocuments([], argument)
    return (documents) => sortDocuments(documents, argument)
  },
  $skip: (argument) => {
    const count = wholeNumber(argument, '$skip', 0)
    return (documents) => documents.slice(count)
  },
  $limit: (argument) => {
    const count = wholeNumber(argument, '$limit', 1)
    return (documents) => documents.slice(0, count)
  },
  $sample: (argument) => {
    const size = wholeNumber(isDocument(argument) ? argument['size'] : undefined, '$sample', 1)
    return (documents) => shuffled(documents).slice(0, size)
  },
  $setWindowFields: windowStage,
  $bucketAuto: ofMingo('$bucketAuto', ['groupBy', 'buckets', 'output']),
  $densify: ofMingo('$densify', ['field', 'partitionByFields', 'range']),
  $graphLookup: ofMingo('$graphLookup', [
    'from',
    'startWith',
    'connectFromField',
    'connectToField',
    'as',
    'maxDepth',
    'depthField',
  ]),
}

function ofMingo(
  name: '$bucketAuto' | '$densify' | '$graphLookup',
  fields: string[],
): StageFactory {
  const run = mingoStages[name] as unknown as MingoStage
  return (argument, { engine }) => {
    const given = stageFields(argument, name, fields)
    for (const field of ['groupBy', 'startWith']) engine.check(given[field])
    return (documents) => engine.runMingoStage(run, documents, given)
  }
}

function wholeNumber(argument: unknown, stage: string, minimum: number): number {
  const number = toNumber(argument)
  if (number === undefined || !Number.isInteger(number) || number < minimum) {
    throw new ServerError(15958, `invalid argument to ${stage} stage: ${String(argument)}`)
  }
  return number
}

function shuffled(documents: Document[]): Document[] {
  return documents
    .map((document) => ({ document, at: Math.random() }))
    .sort((left, right) => left.at - right.at)
    .map(({ document }) => document)
}
