import { ServerError } from '../../server-error.ts'
import { type Document, isDocument } from '../../values/document.ts'
import type { Engine } from '../engine.ts'

/**
 * One stage of a pipeline, checked: from documents to documents, none of which it changes in place.
 */
export type Stage = (documents: Document[]) => Document[]

/**
 * Creates a stage from its argument and rejects anything unknown. A stage with nested pipelines
 * compiles them with `compile`.
 */
export type StageFactory = (
  argument: unknown,
  context: { engine: Engine; compile: PipelineCompiler },
) => Stage

/** Turns the stages of a pipeline into a function of documents. */
export type PipelineCompiler = (pipeline: unknown, engine: Engine) => Stage

/** The argument of a stage as an object with no other fields than `allowed`. */
export function stageFields(
  argument: unknown,
  stage: string,
  allowed: readonly string[],
): Document {
  if (!isDocument(argument))
    throw new ServerError(9, `the ${stage} specification must be an object`)
  const unknown = Object.keys(argument).find((key) => !allowed.includes(key))
  if (unknown !== undefined)
    throw new ServerError(40415, `BSON field '${stage}.${unknown}' is an unknown field.`)
  return argument
}

/** The path of a field given as `$path`. */
export function fieldPath(value: unknown, stage: string): string {
  if (typeof value === 'string' && /^\$[^$]/.test(value)) return value.slice(1)
  throw new ServerError(
    28818,
    `path option to ${stage} stage should be prefixed with a '$': ${String(value)}`,
  )
}
