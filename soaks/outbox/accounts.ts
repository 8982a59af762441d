import type { Json, SqlClient } from '@headwater/core'
import type { Committed } from './judge.ts'

/** The number of accounts: few enough for writers to meet, many enough to fill most shards. */
export const accountCount = 200

/**
 * Creates the accounts and the ledger. A transaction notes its changes in the ledger, so that the
 * database itself decides which changes are committed.
 */
export const createTables = `
  CREATE TABLE accounts (
    id      int    PRIMARY KEY,
    version bigint NOT NULL DEFAULT 0,
    balance bigint NOT NULL DEFAULT 0
  );
  INSERT INTO accounts SELECT generate_series(1, ${accountCount});
  CREATE TABLE ledger (name text PRIMARY KEY, account text NOT NULL, version bigint NOT NULL)`

/**
 * The sink that an event poisons, and how: it reports the event, refuses the batch, throws or dies.
 */
export type Poison = {
  readonly sink: string
  readonly how: 'report' | 'refuse' | 'throw' | 'kill'
}

/** The payload of an event. */
export interface AccountChanged {
  readonly name: string
  readonly poison: Poison | null
  /** Makes the event large. */
  readonly padding?: string
}

/** Reads the payload of an event of the soak. */
export function changeOf(payload: Json): AccountChanged {
  return payload as unknown as AccountChanged
}

/** Reads the committed changes. */
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

/** Reads the current state of the accounts, by default of all of them. */
export async function readAccounts(
  sql: SqlClient,
  accounts?: readonly string[],
): Promise<AccountState[]> {
  const { rows } = await sql.query<{ account: string; version: string; balance: string }>(
    `SELECT id::text AS account, version::text, balance::text FROM accounts
     WHERE version > 0 AND ($1::text[] IS NULL OR id = ANY ($1::text[]::int[]))`,
    [accounts ?? null],
  )
  return rows.map(({ account, version, balance }) => ({
    account,
    version: Number(version),
    balance: Number(balance),
  }))
}

/** The text that a sink stores for a state. */
export function stateText({ version, balance }: AccountState): string {
  return `${version}:${balance}`
}
