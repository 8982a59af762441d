import type { SqlClient } from '@headwater/core'

/** An application that talks to PostgreSQL through a query builder or an ORM of its own. */
export interface Host {
  /** Runs work in a transaction of its own; rolls back and rejects when the work rejects. */
  transaction<T>(work: (tx: HostTransaction) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface HostTransaction {
  /** What the SDK is given. */
  readonly sql: SqlClient
  /** Changes a course by the host's own means. */
  readonly rename: (id: number, title: string) => Promise<unknown>
}

/** The host's own table. */
export const coursesSql = 'CREATE TABLE courses (id int PRIMARY KEY, title text NOT NULL)'
