import { type Analyzable, selectAnalyze } from '../doctor/postgres-queries.ts'
import { type Command, CommandFailed, valueOf } from './command.ts'

/** A large table may take long, in milliseconds. */
const analyzeMs = 3_600_000

/** `headwater statistics` */
export const statistics: Command = async ({ open, args, terminal }) => {
  const { postgres } = (await open()).stores
  const [tables] = args as readonly [readonly string[]]
  const { rows } = valueOf(
    await postgres.query<Analyzable>(selectAnalyze, [postgres.schema, tables]),
  )
  const unknown = tables.filter((table) => !rows.some(({ name }) => name === table))
  if (unknown.length > 0) throw new CommandFailed(absent(unknown))
  const [forbidden] = rows.filter((row) => !row.may_analyze)
  if (forbidden !== undefined) throw new CommandFailed(refused(forbidden))
  const signal = terminal.interrupted()
  for (const { analyze } of rows)
    valueOf(await postgres.query(unlimited(analyze), [], { deadlineMs: analyzeMs, signal }))
  return { data: { tables }, text: () => `The statistics of ${tables.join(', ')} are new.` }
}

/** The server's own limit of a statement is for those that a caller waits for. */
function unlimited(statement: string): string {
  return `BEGIN; SET LOCAL statement_timeout = 0; ${statement}; COMMIT`
}

function absent(tables: readonly string[]) {
  const message = `the schema has no table ${tables.join(', ')}`
  return { type: 'not-found', message, retryable: false } as const
}

function refused({ name, role, owner }: Analyzable) {
  const message = `the role ${role} may not analyze ${name}: run this as its owner, ${owner}`
  return { type: 'store-refused', message, retryable: false } as const
}
