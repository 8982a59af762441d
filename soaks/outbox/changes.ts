import { randomUUID } from 'node:crypto'
import type { NewEvent, SqlClient } from '@headwater/core'
import { anyOf } from '../run/chance.ts'
import type { Poison } from './accounts.ts'
import { sinkNames } from './sinks.ts'

const poisonShare = 0.002
const flaggedShare = 0.2
const ways: readonly Poison['how'][] = ['report', 'refuse', 'throw']
/** With every account, the events of one transaction are a megabyte. */
const padding = '.'.repeat(5_000)

/**
 * Changes accounts, which locks their rows, and notes the changes in the ledger. Returns the
 * events, which must be published after the change.
 */
export class Changes {
  #isFlagging = false

  /** From now on some events have a type that the old release does not know. */
  flag(): void {
    this.#isFlagging = true
  }

  async one(
    client: SqlClient,
    account: number,
    poison: Poison | null = drawPoison(),
  ): Promise<NewEvent> {
    const name = randomUUID()
    const { rows } = await client.query<{ version: string }>(
      `UPDATE accounts SET version = version + 1, balance = balance + $2 WHERE id = $1
       RETURNING version::text`,
      [account, Math.ceil(Math.random() * 100)],
    )
    const version = Number(rows[0]?.version)
    await client.query('INSERT INTO ledger (name, account, version) VALUES ($1, $2, $3)', [
      name,
      String(account),
      version,
    ])
    return this.#eventOf({ account: String(account), version }, { name, poison })
  }

  /** Changes every account. */
  async all(client: SqlClient): Promise<NewEvent[]> {
    await client.query('SELECT FROM accounts ORDER BY id FOR UPDATE')
    const { rows } = await client.query<{ name: string; account: string; version: string }>(
      `WITH changed AS (
         UPDATE accounts SET version = version + 1, balance = balance + 1 RETURNING id, version
       )
       INSERT INTO ledger (name, account, version)
       SELECT gen_random_uuid(), id, version FROM changed
       RETURNING name, account, version::text`,
    )
    return rows.map(({ name, account, version }) =>
      this.#eventOf({ account, version: Number(version) }, { name, poison: null, padding }),
    )
  }

  #eventOf(
    { account, version }: { readonly account: string; readonly version: number },
    payload: { readonly name: string; readonly poison: Poison | null; readonly padding?: string },
  ): NewEvent {
    const isFlagged = this.#isFlagging && Math.random() < flaggedShare
    return {
      aggregateType: 'account',
      aggregateId: account,
      type: isFlagged ? 'account.flagged' : 'account.changed',
      version,
      payload,
    }
  }
}

function drawPoison(): Poison | null {
  return Math.random() < poisonShare ? { sink: anyOf(sinkNames), how: anyOf(ways) } : null
}
