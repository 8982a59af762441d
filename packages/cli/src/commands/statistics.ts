import { selectAnalyze } from '../doctor/postgres-queries.ts'
import { type Command, CommandFailed, valueOf } from './command.ts'

/** `headwater statistics` */
export const statistics: Command = async ({ open, args }) => {
  const { postgres } = (await open()).stores
  const [tables] = args as readonly [readonly string[]]
  const { rows } = valueOf(
    await postgres.query<{ name: string; analyze: string }>(selectAnalyze, [
      ...[postgres.schema, tables],
    ]),
  )
  const unknown = tables.filter((table) => !rows.some(({ name }) => name === table))
  if (unknown.length > 0) throw new CommandFailed(absent(unknown))
  for (const { analyze } of rows) valueOf(await postgres.query(analyze))
  return { data: { tables }, text: () => `The statistics of ${tables.join(', ')} are new.` }
}

function absent(tables: readonly string[]) {
  const message = `the schema has no table ${tables.join(', ')}`
  return { type: 'not-found', message, retryable: false } as const
}
