import {
  connect,
  type ConnectOptions,
  Diagnostics,
  type Freshness,
  orThrow,
  type Stores,
} from '@headwater/core'
import {
  eventually,
  faultProxy,
  type FaultProxy,
  type PostgresServer,
  type PostgresStandby,
  startPostgresServer,
  startPostgresStandby,
} from '@headwater/testing'
import { expect } from 'vitest'
import pg from 'pg'

/** Time for what is to happen, on a busy machine. */
export const patientMs = 60_000

/** A primary with the course Algebra, and a standby behind a link. */
export interface ReplicaServers {
  readonly primary: PostgresServer
  readonly standby: PostgresStandby
  readonly link: FaultProxy
  readonly stop: () => Promise<void>
}

/** Starts them. */
export async function startReplica(): Promise<ReplicaServers> {
  const primary = await startPostgresServer()
  await runAt(primary.url, "CREATE TABLE course AS SELECT 'Algebra'::text AS title")
  const standby = await startPostgresStandby(primary)
  const link = await faultProxy(standby.url)
  const stop = async (): Promise<void> => {
    await link.close()
    await standby.stop()
    await primary.stop()
  }
  return { primary, standby, link, stop }
}

/** Stores whose replicas are looked at, and who answered their reads. */
export interface ReplicatedStores {
  readonly stores: Stores
  /** `replica 0`, or `primary: ` and the reason, in the order of the reads; taken by reading. */
  readonly answers: () => string[]
  /** Resolves once a look finds the first replica in a state. */
  readonly untilState: (state: string) => Promise<void>
}

/** Connects with replicas; patient with them unless told otherwise. */
export async function connectReplicas(
  postgres: ConnectOptions['postgres'],
): Promise<ReplicatedStores> {
  const diagnostics = new Diagnostics()
  const answers: string[] = []
  let state = 'unknown'
  diagnostics.on('replica:read', ({ replica }) => answers.push(`replica ${replica}`))
  diagnostics.on('replica:passed-over', ({ reason }) => answers.push(`primary: ${reason}`))
  diagnostics.on('replica:state', (found) => {
    if (found.replica === 0) state = found.state
  })
  const stores = orThrow(
    await connect({
      postgres: { connectTimeoutMs: 30_000, replicaPatienceMs: patientMs, ...postgres },
      redis: { url: 'redis://127.0.0.1:1' },
      invalidation: { lookEveryMs: 3_600_000 },
      connectDeadlineMs: patientMs,
      diagnostics,
    }),
  )
  return {
    stores,
    answers: () => answers.splice(0),
    untilState: (wanted) =>
      eventually(
        () => {
          expect(state).toBe(wanted)
        },
        { timeoutMs: patientMs },
      ),
  }
}

/** Runs one statement on a connection of its own. */
export async function runAt(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<unknown[]>({ text, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end()
  }
}

/** Changes the title of the only course, on the primary. */
export async function rename(stores: Stores, title: string): Promise<void> {
  orThrow(await stores.postgres.query('UPDATE course SET title = $1', [title]))
}

/** The title, as fresh as asked. */
export async function titleOf(
  stores: Stores,
  freshness: Freshness,
  text = 'SELECT title FROM course',
): Promise<string | undefined> {
  const { rows } = orThrow(await stores.postgres.read<{ title: string }>(text, [], { freshness }))
  return rows[0]?.title
}
