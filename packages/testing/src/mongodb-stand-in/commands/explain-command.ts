import { ServerError } from '../server-error.ts'
import { type Document, isDocument } from '../values/document.ts'
import type { Command, CommandContext } from './command.ts'

/**
 * `explain` of an aggregation or a find: for each collection that is read, the scan of an index or
 * of the whole collection. The choice is mongod's first rule alone: an index serves when the filter
 * has a condition on its first field, and the one with the longest such prefix wins.
 */
export const explainCommand: Command = {
  fields: ['explain', 'verbosity'],
  run: (command, context) => {
    const explained = command['explain']
    if (!isDocument(explained))
      throw new ServerError(14, `BSON field 'explain' is the wrong type, expected type 'object'`)
    if (typeof explained['find'] === 'string') {
      const filter = isDocument(explained['filter']) ? explained['filter'] : {}
      return { queryPlanner: plannerOf(explained['find'], filter, context), ok: 1 }
    }
    const { aggregate: collection, pipeline } = explained
    if (typeof collection !== 'string' || !Array.isArray(pipeline))
      throw new ServerError(238, 'this stand-in explains find and aggregate alone')
    return { stages: stagesOf(collection, pipeline as unknown[], context), ok: 1 }
  },
}

function stagesOf(
  collection: string,
  pipeline: readonly unknown[],
  context: CommandContext,
): Document[] {
  const [first] = pipeline
  const filter = isDocument(first) && isDocument(first['$match']) ? first['$match'] : {}
  const unions = pipeline.flatMap((stage) => {
    const union = isDocument(stage) ? stage['$unionWith'] : undefined
    if (!isDocument(union) || typeof union['coll'] !== 'string') return []
    const inner = Array.isArray(union['pipeline']) ? (union['pipeline'] as unknown[]) : []
    const { coll } = union
    return [{ $unionWith: { coll, pipeline: stagesOf(coll, inner, context) } }]
  })
  return [{ $cursor: { queryPlanner: plannerOf(collection, filter, context) } }, ...unions]
}

function plannerOf(name: string, filter: Document, context: CommandContext): Document {
  const indexes = context.store.find(context.database, name)?.indexes ?? []
  const [best] = indexes
    .map((index) => ({ index, prefix: prefixOf(Object.keys(index.key), filter) }))
    .filter(({ prefix }) => prefix > 0)
    .toSorted((one, other) => other.prefix - one.prefix)
  const winningPlan =
    best === undefined
      ? { stage: 'COLLSCAN', direction: 'forward' }
      : {
          stage: 'FETCH',
          inputStage: {
            stage: 'IXSCAN',
            keyPattern: best.index.key,
            indexName: best.index.name,
            direction: 'forward',
          },
        }
  return { namespace: `${context.database}.${name}`, winningPlan, rejectedPlans: [] }
}

/** The number of leading fields of an index on which the filter has a condition. */
function prefixOf(fields: readonly string[], filter: Document): number {
  const end = fields.findIndex((field) => !Object.hasOwn(filter, field))
  return end === -1 ? fields.length : end
}
