import { connect, migrate, orThrow } from '@headwater/core'
import type { ConnectOptions, OutboxEvent, Result, Sink, Stores } from '@headwater/core'
import { createRepositories, repositoriesMigrations } from '@headwater/repositories'
import type {
  Course,
  NewCourse,
  NewUser,
  Repositories,
  RepositoriesOptions,
  User,
} from '@headwater/repositories'
import { isolate } from '@headwater/testing'
import type { IsolatedStores } from '@headwater/testing'
import type { RedisClientType } from '@redis/client'
import { expect, inject } from 'vitest'

/** The password hash of every test user: a scan for it finds every leak. */
export const passwordHash = '$argon2id$v=19$m=65536,t=3,p=4$c2VjcmV0'

/** Matches any date. */
export const aDate: unknown = expect.any(Date)

type Parts = IsolatedStores<'postgres' | 'redis' | 'mongodb'>

export interface FixtureOptions {
  readonly repositories?: RepositoriesOptions
  /** Changes the addresses of the stores, for instance to those of fault proxies. */
  readonly connect?: (
    options: ConnectOptions,
    parts: Parts,
  ) => ConnectOptions | Promise<ConnectOptions>
}

export interface RepositoriesFixture extends Repositories {
  readonly parts: Parts
  readonly stores: Stores
  readonly options: ConnectOptions
  /** Opens repositories on the same stores, as another process would. */
  openAnother(
    options?: RepositoriesOptions,
    connection?: ConnectOptions,
  ): Promise<Repositories & { readonly stores: Stores; close(): Promise<void> }>
  /** Hands every event of the outbox to each sink that wants it, as a relay would. */
  deliver(sinks?: readonly Sink[]): Promise<void>
  newUser(user?: Partial<NewUser>): Promise<User>
  /** Inserts rows of users without events, when many are needed at once. */
  manyUsers(count: number): Promise<number[]>
  newCourse(course?: Partial<NewCourse>): Promise<Course>
  dispose(): Promise<void>
}

export async function openFixture({
  repositories: options,
  connect: change,
}: FixtureOptions = {}): Promise<RepositoriesFixture> {
  const { postgres, redis, mongodb } = inject('stack')
  const parts: Parts = await isolate({ postgres, redis, mongodb })
  const direct = connectOptions(parts)
  const connection = change === undefined ? direct : await change(direct, parts)
  const stores = orThrow(await connect(connection))
  orThrow(await migrate(stores, { sets: [repositoriesMigrations] }))
  const repositories = createRepositories(stores, patient(options))
  const builders = createBuilders(repositories, stores)
  return {
    ...repositories,
    ...builders,
    parts,
    stores,
    options: connection,
    openAnother: (further = options, elsewhere = connection) => openAnother(elsewhere, further),
    deliver: (sinks = repositories.sinks) => deliver(stores, sinks),
    dispose: async () => {
      orThrow(await stores.close({ deadlineMs: 60_000 }))
      await parts.dispose()
    },
  }
}

function connectOptions({ postgres, redis, mongodb }: Parts): ConnectOptions {
  return {
    // A machine that is busy with other tests does not look like an outage.
    connectDeadlineMs: 60_000,
    postgres: { url: postgres.url, connectTimeoutMs: 60_000 },
    redis: { url: redis.url, keyPrefix: redis.prefix, deadlineMs: 5_000, required: true },
    mongodb: { url: mongodb.url, database: mongodb.database, deadlineMs: 30_000 },
    // As long as a hold of the transactions below may have to live: none of them is durable.
    invalidation: { holdMs: 122_000 },
  }
}

/** Options whose deadlines are longer than a busy machine needs, where a test names none. */
function patient(options: RepositoriesOptions = {}): RepositoriesOptions {
  return {
    ...options,
    activity: { writeDeadlineMs: 30_000, ...options.activity },
    enrollments: { deadlineMs: 60_000, ...options.enrollments },
  }
}

async function openAnother(connection: ConnectOptions, options: RepositoriesOptions | undefined) {
  const stores = orThrow(await connect(connection))
  return {
    ...createRepositories(stores, patient(options)),
    stores,
    close: async () => {
      orThrow(await stores.close({ deadlineMs: 60_000 }))
    },
  }
}

function createBuilders({ users, courses }: Repositories, stores: Stores) {
  let serial = 0
  const newUser = async (user: Partial<NewUser> = {}) => {
    serial += 1
    const created = orThrow(
      await users.create({
        email: `user${serial}@example.com`,
        username: `user${serial}`,
        passwordHash,
        ...user,
      }),
    )
    // Shares the read that warms the profile, which is no part of what a test counts.
    orThrow(await users.get(created.id))
    return created
  }
  let instructor: Promise<User> | undefined
  const newCourse = async (course: Partial<NewCourse> = {}) => {
    instructor ??= newUser({ role: 'instructor' })
    const { id } = orThrow(
      await courses.create({
        title: 'Algebra',
        instructorId: (await instructor).id,
        price: '49.00',
        ...course,
      }),
    )
    return orThrow(await courses.publish(id))
  }
  let rows = 0
  const manyUsers = async (count: number) => {
    const inserted = orThrow(
      await stores.postgres.query<{ id: number }>(
        `
        INSERT INTO @schema.users (email, username, password_hash)
        SELECT 'many' || n || '@example.com', 'many' || n, 'x'
        FROM generate_series($1::integer, $2::integer) AS n
        RETURNING id`,
        [rows + 1, rows + count],
      ),
    )
    rows += count
    return inserted.rows.map((row) => row.id)
  }
  return { newUser, manyUsers, newCourse }
}

interface OutboxRow {
  readonly id: string
  readonly seq: string
  readonly aggregatetype: string
  readonly aggregateid: string
  readonly type: string
  readonly version: string
  readonly payload: OutboxEvent['payload']
  readonly headers: Record<string, string>
  readonly created_at: Date
}

/** All published events, in order. */
export async function publishedEvents(stores: Stores): Promise<OutboxEvent[]> {
  const { rows } = orThrow(
    await stores.postgres.query<OutboxRow>('SELECT * FROM @schema.outbox ORDER BY seq'),
  )
  return rows.map((row) => ({
    id: row.id,
    seq: BigInt(row.seq),
    aggregateType: row.aggregatetype,
    aggregateId: row.aggregateid,
    type: row.type,
    version: Number(row.version),
    payload: row.payload,
    headers: row.headers,
    createdAt: row.created_at,
  }))
}

async function deliver(stores: Stores, sinks: readonly Sink[]): Promise<void> {
  const events = await publishedEvents(stores)
  for (const sink of sinks) {
    const wanted = events.filter((event) =>
      sink.types.some(
        (type) =>
          type === event.type || (type.endsWith('.*') && event.type.startsWith(type.slice(0, -1))),
      ),
    )
    if (wanted.length === 0) continue
    const report = orThrow(
      await sink.handle(wanted, { signal: new AbortController().signal, fence: () => 1n }),
    )
    if (report.failed.length > 0)
      throw new Error(`${sink.name} failed: ${JSON.stringify(report.failed)}`)
  }
}

/** All Redis entries of these stores, as text. */
export async function redisContents({
  parts,
  stores,
}: RepositoriesFixture): Promise<Map<string, string>> {
  const client = stores.redis.client as RedisClientType
  const contents = new Map<string, string>()
  for await (const keys of client.scanIterator({ MATCH: `${parts.redis.prefix}*`, COUNT: 1_000 })) {
    for (const key of keys) {
      if ((await client.type(key)) === 'string')
        contents.set(key.slice(parts.redis.prefix.length), (await client.get(key)) ?? '')
    }
  }
  return contents
}

/** Every document of a collection. */
export async function documents(
  { stores }: RepositoriesFixture,
  collection: string,
): Promise<Document[]> {
  if (stores.mongodb === undefined) throw new Error('the stores have no MongoDB')
  return orThrow(
    await stores.mongodb.run(
      'documents',
      (database) =>
        database.collection<Document>(collection).find({}).sort({ timestamp: 1, _id: 1 }).toArray(),
      { deadlineMs: 10_000 },
    ),
  )
}

interface Document {
  readonly _id: string
  readonly [field: string]: unknown
}

/** Statements that a process sends periodically by itself. */
const periodic = [
  'postgres: select invalidation_intent',
  'postgres: select activity_spill',
  'postgres: select waitlist',
  'redis: read flush marker',
]

/** Lists the operations of the stores while `work` runs, except the periodic ones. */
export async function countOperations(
  stores: Stores,
  work: () => Promise<unknown>,
): Promise<string[]> {
  const operations: string[] = []
  const stop = stores.diagnostics.on(
    'store:operation',
    ({ store, operation }) => void operations.push(`${store}: ${operation}`),
  )
  await work()
  stop()
  return operations.filter((operation) => !periodic.includes(operation))
}

/** The failure of a result; throws when it was a success. */
export function failureOf<E>(result: Result<unknown, E>): E {
  if (result.isOk()) throw new Error(`expected a failure: got ${JSON.stringify(result.value)}`)
  return result.error
}
