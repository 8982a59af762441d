import { randomUUID } from 'node:crypto'
import type { NewEvent, SqlClient } from '@headwater/core'
import { anyOf } from '../run/chance.ts'
import { accountCount, type Poison } from './accounts.ts'
import { sinkNames } from './sinks.ts'

/** The outcomes of transactions, as far as their writers know them. */
export interface WriterCounts {
  readonly committed: number
  readonly rolledBack: number
  readonly failed: number
}

export const rollbackShare = 0.1
const poisonShare = 0.002
const longestPauseMs = 16
const ways: readonly Poison['how'][] = ['report', 'refuse', 'throw']

/**
 * Changes an account, which locks its row, and notes the change in the ledger. Returns its event,
 * which must be published after the change.
 */
export async function change(
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
  return {
    aggregateType: 'account',
    aggregateId: account,
    type: 'account.changed',
    version,
    payload: { name, poison },
  }
}

function drawPoison(): Poison | null {
  return Math.random() < poisonShare ? { sink: anyOf(sinkNames), how: anyOf(ways) } : null
}

/** Draws accounts, in the order in which every writer locks them. */
export function drawAccounts(): number[] {
  const count = Math.random() < 0.3 ? 3 : 1
  const drawn = new Set(Array.from({ length: count }, drawAccount))
  return [...drawn].sort((one, other) => one - other)
}

/** Draws one account. */
export function drawAccount(): number {
  return 1 + Math.floor(Math.random() * accountCount)
}

/** Draws a pause between two transactions, in milliseconds. */
export function drawPauseMs(): number {
  return Math.random() * longestPauseMs
}
