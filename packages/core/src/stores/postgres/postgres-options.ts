import * as z from 'zod/mini'
import type { Pool } from 'pg'
import { option, strictOptions } from '../../check-options.ts'
import { type Credential, credentialRule } from '../credential.ts'
import { objectWith, type OptionTable, type SettingsOf, urlOf } from '../option-table.ts'
import { flagIn, listIn, numberIn } from '../option-texts.ts'
import { type Tls, tlsRow } from '../tls/tls-options.ts'

/** How to reach PostgreSQL: either `url` or `pool`. */
export interface PostgresOptions {
  /** `postgresql://user:password@host:port/database`. */
  readonly url?: string
  /**
   * A pool of the host's own, used and never closed. Its size and timeouts are the host's;
   * `statementTimeoutMs` limits it on this side only.
   */
  readonly pool?: Pool
  /**
   * The password, where the URL is not to have it. A function is asked for it whenever a connection
   * is made, so that it can change while the program runs.
   *
   * @defaultValue the one of the URL
   */
  readonly password?: Credential
  /**
   * TLS of the connections: `true`, or certificates and a name. It takes the place of what the URL
   * says of TLS.
   *
   * @defaultValue what the URL says, for instance `?sslmode=verify-full`
   */
  readonly tls?: Tls
  /**
   * The schema that holds the tables.
   *
   * @defaultValue `'public'`
   */
  readonly schema?: string
  /**
   * Connections at most.
   *
   * @defaultValue `20`
   */
  readonly maxConnections?: number
  /**
   * Time after which an idle connection is closed, in milliseconds.
   *
   * @defaultValue `30_000`
   */
  readonly idleTimeoutMs?: number
  /**
   * Time a connection has to be made, in milliseconds, and time without one coming free in a pool
   * that is in use: a pool that moves is waited for as long as a statement may take.
   *
   * @defaultValue `2_000`
   */
  readonly connectTimeoutMs?: number
  /**
   * Time a statement may take on the server, in milliseconds, whatever the deadline of its call;
   * `0` for no limit. When the server stays silent a second longer, the connection is closed.
   *
   * @defaultValue `30_000`
   */
  readonly statementTimeoutMs?: number
  /**
   * Whether `statementTimeoutMs` is announced to the server when connecting. A PgBouncer refuses
   * that unless its `ignore_startup_parameters` has `statement_timeout`: switch it off there and
   * the limit holds on this side alone.
   *
   * @defaultValue `true`
   */
  readonly serverStatementTimeout?: boolean
  /**
   * Whether statements with parameters are prepared. Switch it off behind a pooler that does not
   * support prepared statements.
   *
   * @defaultValue `true`
   */
  readonly prepare?: boolean
  /**
   * Connections outside the pool for work that must not wait for it; opened when first needed. With
   * `replicas` one of them looks at the primary each second, so that one alone is too few for a
   * migration with online steps: all reads go to the primary meanwhile.
   *
   * @defaultValue `2`
   */
  readonly reservedConnections?: number
  /**
   * Standbys of the server, which answer `stores.postgres.read` and lists with `freshness`: of each
   * a `url`, or a `pool` of the host's own. The other options are the same as for the primary.
   */
  readonly replicas?: readonly ReplicaOptions[]
  /**
   * Pause between two looks at the primary and its replicas, in milliseconds: so long a replica
   * that is well again waits until it is asked. One small statement of each.
   *
   * @defaultValue `1_000`
   */
  readonly replicaLookEveryMs?: number
  /**
   * Time in which a replica has to begin its answer, in milliseconds, and to replay what the read
   * waits for; the wait for a free connection is as long and divided among the replicas. After it
   * the primary is asked, or after half of the read's deadline, which all replicas share. One that
   * was silent for all of it answers nobody until the next look.
   *
   * @defaultValue `100`
   */
  readonly replicaPatienceMs?: number
}

/** How to reach a replica: either `url` or `pool`. */
export interface ReplicaOptions {
  /** `postgresql://user:password@host:port/database`. */
  readonly url?: string
  /** A pool of the host's own, used and never closed. */
  readonly pool?: Pool
}

/** The schema of the tables where none is given. */
export const publicSchema = 'public'

const urlRule = () => urlOf('a URL such as postgresql://user@host/database', /^postgres(ql)?:$/)

const poolRule = () =>
  objectWith<Pool>('a Pool of pg', 'connect', 'end').check(
    z.refine(
      tellsTransactionStatus,
      'expected a Pool of pg 8.21 or later: an older one lends a connection with an open transaction',
    ),
  )

const replicasRule = () =>
  z.array(
    strictOptions<ReplicaOptions>({
      url: z.optional(urlRule()),
      pool: z.optional(poolRule()),
    }).check(z.refine(isReachedOnce, 'expected one of url, pool')) as z.ZodMiniType<ReplicaOptions>,
    'expected a list of replicas',
  )

function isReachedOnce(replica: unknown): boolean {
  const { url, pool } = replica as ReplicaOptions
  return (url === undefined) !== (pool === undefined)
}

/** The rule, the default and the variable of every option of PostgreSQL. */
export const postgresOptions = {
  url: {
    rule: urlRule,
    env: 'HEADWATER_POSTGRES_URL',
  },
  pool: { rule: poolRule },
  password: { rule: () => credentialRule(), env: 'HEADWATER_POSTGRES_PASSWORD', goesWith: ['url'] },
  tls: { ...tlsRow('POSTGRES'), goesWith: ['url'] },
  schema: {
    rule: () =>
      option.text().check(
        z.refine((name) => Buffer.byteLength(name) <= 63, 'expected at most 63 bytes'),
        z.regex(/^(?!.*\$\$)[^\0]*$/s, 'expected neither NUL nor $$'),
      ),
    default: publicSchema,
    env: 'HEADWATER_POSTGRES_SCHEMA',
  },
  maxConnections: {
    rule: option.count,
    default: 20,
    env: 'HEADWATER_POSTGRES_MAX_CONNECTIONS',
    parse: (text: string): unknown => numberIn(text),
  },
  idleTimeoutMs: { rule: option.timeoutMs, default: 30_000 },
  connectTimeoutMs: { rule: option.timeoutMs, default: 2_000 },
  statementTimeoutMs: { rule: option.timeoutOrNoneMs, default: 30_000 },
  serverStatementTimeout: {
    rule: option.flag,
    default: true,
    env: 'HEADWATER_POSTGRES_SERVER_STATEMENT_TIMEOUT',
    parse: (text: string): unknown => flagIn(text),
  },
  prepare: {
    rule: option.flag,
    default: true,
    env: 'HEADWATER_POSTGRES_PREPARE',
    parse: (text: string): unknown => flagIn(text),
  },
  reservedConnections: { rule: option.count, default: 2 },
  replicas: {
    rule: replicasRule,
    default: [],
    env: 'HEADWATER_POSTGRES_REPLICAS',
    parse: (text: string): unknown => (listIn(text) as readonly string[]).map((url) => ({ url })),
  },
  replicaLookEveryMs: { rule: option.timeoutMs, default: 1_000 },
  replicaPatienceMs: { rule: option.timeoutMs, default: 100 },
} as const satisfies OptionTable<PostgresOptions>

/** A pool of another make may do so too; it has no class of clients to look at. */
function tellsTransactionStatus(pool: Pool): boolean {
  const { prototype } = Object(Reflect.get(pool, 'Client')) as { readonly prototype?: object }
  return prototype === undefined || 'getTransactionStatus' in prototype
}

/** Options of PostgreSQL after the check, every default filled in. */
export type PostgresSettings = SettingsOf<PostgresOptions, typeof postgresOptions>

/** A statement that is this late was not ended by the server as it should have been. */
const serverGraceMs = 1_000

/** Time that a statement has on this side, in milliseconds; `Infinity` for no limit. */
export function statementDeadlineMs({ statementTimeoutMs }: PostgresSettings): number {
  return statementTimeoutMs === 0 ? Infinity : statementTimeoutMs + serverGraceMs
}
