import { $setWindowFields } from 'mingo/operators/pipeline'
import * as windowOperators from 'mingo/operators/window'
import { ServerError } from '../../server-error.ts'
import { isDocument } from '../../values/document.ts'
import { accumulators } from '../accumulators.ts'
import type { Engine, MingoStage } from '../engine.ts'
import { sortDocuments } from '../sort.ts'
import { type Stage, stageFields } from './stage.ts'

/**
 * $setWindowFields: mingo's windows over our accumulators, on copies because it changes documents
 * in place.
 */
export function windowStage(argument: unknown, { engine }: { engine: Engine }): Stage {
  const given = stageFields(argument, '$setWindowFields', ['partitionBy', 'sortBy', 'output'])
  const { partitionBy = null, sortBy, output } = given
  if (!isDocument(output)) throw new ServerError(9, `$setWindowFields needs 'output'`)
  engine.check(partitionBy)
  Object.values(output).forEach((definition) => checkOutput(definition, engine))
  const run = $setWindowFields as unknown as MingoStage
  return (documents) => {
    const sorted = sortBy === undefined ? documents : sortDocuments(documents, sortBy)
    return engine.runMingoStage(run, sorted, { ...given, partitionBy })
  }
}

function checkOutput(definition: unknown, engine: Engine): void {
  const keys = isDocument(definition)
    ? Object.keys(definition).filter((key) => key !== 'window')
    : []
  const [operator = ''] = keys
  if (!isDocument(definition) || keys.length !== 1) {
    throw new ServerError(9, 'a window output takes one operator and an optional window')
  }
  if (!Object.hasOwn(accumulators, operator) && !Object.hasOwn(windowOperators, operator)) {
    throw new ServerError(9, `Unrecognized window function, ${operator}`)
  }
  engine.check(definition[operator])
  if ('window' in definition)
    stageFields(definition['window'], 'window', ['documents', 'range', 'unit'])
}
