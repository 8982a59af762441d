import type { Json, SqlClient } from '@headwater/core'
import type { Committed } from './judge.ts'

/**
 * How many accounts there are: few enough for writers to meet, many enough to lie in most shards.
 */
export const accountCount = 200

/**
 * The accounts, and the ledger: what a transaction changed is written there by itself, so that the
 * database settles what committed.
 */
export const createTables = `
  CREATE TABLE accounts (id int PRIMARY KEY, version bigint NOT NULL DEFAULT 0, balance bigint NOT NULL DEFAULT 0);
  INSERT INTO accounts SELECT generate_series(1, ${accountCount});
  CREATE TABLE ledger (name text PRIMARY KEY, account text NOT NULL, version bigint NOT NULL)`

/** Where an event hurts, and how: the sink reports it, refuses the batch, throws, or dies of it. */
export type Poison = {
  readonly sink: string
  readonly how: 'report' | 'refuse' | 'throw' | 'kill'
}

/** What an event says. */
export interface AccountChanged {
  readonly name: string
  readonly poison: Poison | null
}

/** Reads the payload of an event of the soak. */
export function changeOf(payload: Json): AccountChanged {
  return payload as unknown as AccountChanged
}

/** Reads what was committed. */
export async function readLedger(sql: SqlClient): Promise<Committed[]> {
  const { rows } = await sql.query<{ name: string; account: string; version: string }>(
    'SELECT name, account, version::text FROM ledger',
  )
  return rows.map((row) => ({ ...row, version: Number(row.version) }))
}

/** An account that was changed at least once. */
export interface AccountState {
  readonly account: string
  readonly version: number
  readonly balance: number
}

/** Reads accounts as they are now; all of them unless told which. */
export async function readAccounts(
  sql: SqlClient,
  accounts?: readonly string[],
): Promise<AccountState[]> {
  const { rows } = await sql.query<{ account: string; version: string; balance: string }>(
    'SELECT id::text AS account, version::text, balance::text FROM accounts WHERE version > 0 AND ($1::text[] IS NULL OR id = ANY ($1::text[]::int[]))',
    [accounts ?? null],
  )
  return rows.map(({ account, version, balance }) => ({
    account,
    version: Number(version),
    balance: Number(balance),
  }))
}

/** How a state is written in a sink. */
export function stateText({ version, balance }: AccountState): string {
  return `${version}:${balance}`
}
