import type { ClientBase, QueryResult } from 'pg'
import { isServerError, standbyAnswers } from './server-error.ts'

const roleSql = 'SELECT pg_is_in_recovery()::text AS standby'

/**
 * Refuses a connection to a standby, which lags behind what was committed. A server cannot become
 * one while its connections last, so once per connection is enough. One round trip, in which a
 * setting may be made as well.
 */
export async function refuseStandby(client: ClientBase, setting?: string): Promise<void> {
  const texts = setting === undefined ? [roleSql] : [setting, roleSql]
  if ((await answerOf(client, texts)) === 'true') throw new Error(standbyAnswers)
}

async function answerOf(client: ClientBase, texts: readonly string[]): Promise<unknown> {
  try {
    // A text of several statements answers with several results, which the types of `pg` do not
    // say.
    const answer: QueryResult<Role> | QueryResult<Role>[] = await client.query<Role>(
      texts.join(';'),
    )
    return [answer].flat().at(-1)?.rows[0]?.standby
  } catch (error) {
    // What only resembles PostgreSQL may have no such function; nothing of the text was done then.
    if (!isServerError(error) || !/^(0A000|42501|42883)$/.test(error.code)) throw error
    for (const text of texts.slice(0, -1)) await client.query(text)
    return undefined
  }
}

interface Role {
  readonly standby: string
}
