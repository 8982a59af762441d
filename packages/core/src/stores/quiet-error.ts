import { errorSummary } from '../failure/error-summary.ts'
import { isServerError, withoutRow } from './postgres/server-error.ts'

/** How errors are called whose words quote rows, documents or parameters. */
const quotingNames = /^(Mongo|BSON|Drizzle|PrismaClient|QueryFailed|Sequelize|Pinecone)/

/**
 * An error that code of the host threw, as a failure or a log may show it: one of a driver or an
 * ORM loses its words, which quote rows, documents and parameters. Every other stays as it is.
 */
export function quietError(error: unknown): unknown {
  if (isServerError(error)) return withoutRow(error)
  if (!(error instanceof Error)) return error
  const beneath = quietError(error.cause)
  const words = isQuoting(error) ? kindOf(error) : error.message
  if (words === error.message && beneath === error.cause) return error
  const summary = errorSummary(error, words)
  if (beneath !== undefined) summary.cause = beneath
  return summary
}

/** Drizzle's error has the name of every error, and its own class only until it is minified. */
function isQuoting(error: Error): boolean {
  return quotingNames.test(kindOf(error)) || 'params' in error
}

function kindOf(error: Error): string {
  return error.name === 'Error' ? error.constructor.name : error.name
}
