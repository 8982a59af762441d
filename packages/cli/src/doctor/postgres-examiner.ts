import {
  type ConnectOptions,
  coreMigrations,
  type MigrateOptions,
  planMigrations,
  type Stores,
} from '@headwater/core'
import { bytes, count, duration } from '../terminal/words.ts'
import type { Findings } from './check.ts'
import { checkClock } from './clock-check.ts'
import type { Examiner } from './examine.ts'
import { checkOutbox } from './outbox-checks.ts'
import { selectForbidden, selectIdleSlots, selectServer } from './postgres-queries.ts'
import type { ReplicaWatch } from './replica-check.ts'
import {
  type OldTransaction,
  selectOldTransactions,
  selectSight,
  type Sight,
} from './session-queries.ts'
import { checkSpill, type SpillCheckDeps } from './spill-check.ts'
import { tablesOf } from './tables-of.ts'
import { checkWords } from './words-check.ts'

/** What an examination of PostgreSQL needs. */
export interface PostgresExaminerDeps {
  readonly stores: Stores
  readonly migrate: MigrateOptions
  readonly connect: ConnectOptions['postgres'] | undefined
  readonly replicas: ReplicaWatch
  readonly activity: SpillCheckDeps['activity']
  /** Time that a statement has, in milliseconds. */
  readonly deadlineMs: number
  /** When the examination has to be over, on the monotonic clock. */
  readonly endMs: number
}

/** Examines PostgreSQL, its schema and the outbox. */
export function postgresExaminer(deps: PostgresExaminerDeps): Examiner {
  const { stores, deadlineMs } = deps
  return {
    store: 'postgres',
    greet: (greetMs) =>
      stores.postgres
        .query<{ version: string }>(`SELECT current_setting('server_version') AS version`, [], {
          deadlineMs: greetMs,
        })
        .map(({ rows: [row] }) => row?.version ?? ''),
    look: async (findings) => {
      await findings.collect({
        server: checkServer(deps, findings),
        rights: checkRights(deps, findings),
        'replication-slots': checkSlots(deps, findings),
        transactions: checkTransactions(deps, findings),
        migrations: checkMigrations(deps, findings),
        outbox: checkOutbox({ stores, deadlineMs }, findings),
        'activity-spill': checkSpill(deps, findings),
        'search-words': checkWords({ stores, deadlineMs }, findings),
        replicas: deps.replicas.check(findings, deps.endMs),
      })
    },
  }
}

interface ServerRow {
  readonly version_number: number
  readonly now_ms: number
  readonly date_style: string
  readonly role: string
  readonly connections_allowed: number
  readonly connections_used: number
  readonly can_create: boolean | null
  readonly can_create_schema: boolean
  readonly can_identify: boolean
}

const oldestVersion = 140_000

async function checkServer(deps: PostgresExaminerDeps, findings: Findings): Promise<void> {
  const { stores } = deps
  const askedMs = stores.clock.now()
  const [row] = await rowsOf<ServerRow>(deps, selectServer, [stores.postgres.schema])
  if (row === undefined) return
  checkClock(findings, { askedMs, answeredMs: stores.clock.now(), serverMs: row.now_ms })
  if (row.version_number >= oldestVersion) findings.ok('version', 'supported')
  else findings.fail('version', 'older than PostgreSQL 14', 'upgrade the server')
  if (/^ISO\b/.test(row.date_style)) findings.ok('date-style', row.date_style)
  else
    findings.fail(
      'date-style',
      `DateStyle is ${row.date_style} in this pool: dates that come of it are refused`,
      `ALTER ROLE ${row.role} SET DateStyle = 'ISO, MDY'`,
    )
  if (row.can_create ?? row.can_create_schema) findings.ok('create', 'the role may migrate')
  else findings.ok('create', 'the role may not migrate: another one has to')
  if (row.can_identify) findings.ok('identity', 'the server says which it is')
  else
    findings.warn(
      'identity',
      'the role may not ask which server it is: a restored dump is noticed later',
      `GRANT EXECUTE ON FUNCTION pg_control_system() TO ${row.role}`,
    )
  checkPool(deps, row, findings)
}

/** Defaults of the options; a pool of the host tells its own size. */
function checkPool({ stores, connect }: PostgresExaminerDeps, row: ServerRow, findings: Findings) {
  const { options } = stores.postgres.pool as { readonly options?: { readonly max?: number } }
  const each = (options?.max ?? 20) + (connect?.reservedConnections ?? 2)
  const { connections_allowed: allowed, connections_used: used } = row
  const fits = Math.floor(allowed / each)
  const message = `${used} of ${allowed} connections in use; a process takes up to ${each}, so that ${count(fits)} fit`
  const isFull = used > 0.8 * allowed
  if (fits >= 2 && !isFull) findings.ok('connections', message)
  else
    findings.warn(
      'connections',
      message,
      'lower maxConnections, put a pooler in front, or raise max_connections',
    )
}

async function checkRights(deps: PostgresExaminerDeps, findings: Findings): Promise<void> {
  const { schema } = deps.stores.postgres
  const tables = await tablesOf([coreMigrations, ...(deps.migrate.sets ?? [])])
  const values = [schema, tables]
  const forbidden = await rowsOf<{ readonly name: string }>(deps, selectForbidden, values)
  if (forbidden.length === 0) return findings.ok('rights', 'the role may read and write the tables')
  findings.fail(
    'rights',
    `the role may not read and write ${forbidden.map(({ name }) => name).join(', ')}`,
    `GRANT USAGE ON SCHEMA ${schema}, and SELECT, INSERT, UPDATE, DELETE ON these tables`,
  )
}

async function checkSlots(deps: PostgresExaminerDeps, findings: Findings): Promise<void> {
  const slots = await rowsOf<{ readonly name: string; readonly bytes: number }>(
    deps,
    selectIdleSlots,
  )
  if (slots.length === 0) return findings.ok('replication-slots', 'none is idle')
  for (const { name, bytes: size } of slots)
    findings.warn(
      'replication-slots',
      `nobody reads the slot ${name}, which holds back ${bytes(Math.max(0, size))}`,
      `start its reader, or headwater slots drop ${name} if it is gone for good`,
    )
}

/** A transaction that is younger is a long one, not a forgotten one. */
const oldMs = 60_000
/** As many as a screen has room for. */
const oldest = 5

async function checkTransactions(deps: PostgresExaminerDeps, findings: Findings): Promise<void> {
  const old = await rowsOf<OldTransaction>(deps, selectOldTransactions, [oldMs, oldest])
  if (old.length === 0) return checkSight(deps, findings)
  for (const one of old)
    findings.warn(
      'transactions',
      `${holderOf(one)} has held a snapshot for ${duration(one.age_ms)}: dead rows stay until it ends`,
      one.cure,
    )
}

function holderOf({ pid, database, application, state }: OldTransaction): string {
  return pid === null
    ? `prepared transaction ${application} of the database ${database ?? ''}`
    : `session ${pid} (${application}, ${state})`
}

/** Nothing old among what the role may see is good news only if it sees everything. */
async function checkSight(deps: PostgresExaminerDeps, findings: Findings): Promise<void> {
  const [sight] = await rowsOf<Sight>(deps, selectSight)
  if (sight?.sees_all === true) return findings.ok('transactions', 'none is old')
  const cure = `GRANT pg_read_all_stats TO ${sight?.role ?? 'it'}`
  findings.unknown('transactions', `none is old of those that the role may see: ${cure}`)
}

async function checkMigrations(
  { stores, migrate }: PostgresExaminerDeps,
  findings: Findings,
): Promise<void> {
  const pending = await planMigrations(stores, migrate)
  if (pending.isErr()) {
    const { type, message } = pending.error
    if (type !== 'migration-failed') return findings.unanswered('migrations', message)
    return findings.fail(
      'migrations',
      message,
      'ship the files that were applied, and add new ones behind them',
    )
  }
  if (pending.value.length === 0) return findings.ok('migrations', 'none is pending')
  const files = pending.value.map(({ file }) => file).join(', ')
  findings.fail('migrations', `pending: ${files}`, 'headwater migrate')
}

async function rowsOf<Row extends object>(
  { stores, deadlineMs }: PostgresExaminerDeps,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const found = await stores.postgres.query<Row>(text, values, { deadlineMs })
  if (found.isErr()) throw new Error(found.error.message)
  return found.value.rows
}
