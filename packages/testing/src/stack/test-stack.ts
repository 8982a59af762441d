import { hasContainerRuntime } from './container.ts'
import { MissingServerError } from '../servers/missing-server-error.ts'
import { mongodbRungs } from './mongodb-rungs.ts'
import { openaiRungs } from './openai-rungs.ts'
import { pineconeRungs } from './pinecone-rungs.ts'
import { postgresRungs } from './postgres-rungs.ts'
import { redisRungs } from './redis-rungs.ts'
import { planRungs, storeNames, type Rung, type StoreName } from './rung.ts'
import type { StartedStore, StoreAddress, StoreAddresses, StoreRungs } from './store-address.ts'

/** Options of {@link startTestStack}. */
export interface TestStackOptions<N extends StoreName = StoreName> {
  /**
   * The stores to start.
   *
   * @defaultValue all five
   */
  stores?: readonly N[]
  /**
   * Fail when no container runtime answers instead of using local servers and stand-ins.
   *
   * @defaultValue whether `CI_REQUIRE_CONTAINERS` is `1` in the environment
   */
  requireContainers?: boolean
  /**
   * Receives a line for each slow step and for each rung that failed.
   *
   * @defaultValue silent
   */
  onProgress?: (line: string) => void
}

const testStackDefaults = { stores: storeNames, onProgress: () => undefined }

/** The addresses of the started stores by name, and the controls of the stack. */
export type TestStack<N extends StoreName = StoreName> = Pick<StoreAddresses, N> & {
  /** The addresses alone, as plain data. */
  addresses(): Pick<StoreAddresses, N>
  /** Describes each store in one line: its name, its rung and its version. */
  describe(): string[]
  /** Stops everything that the stack started. Idempotent. */
  stop(): Promise<void>
}

/** The rungs of each store. */
const rungsOf: { [N in StoreName]: StoreRungs<N> } = {
  postgres: postgresRungs,
  redis: redisRungs,
  mongodb: mongodbRungs,
  pinecone: pineconeRungs,
  openai: openaiRungs,
}

/**
 * Starts the stores concurrently, each on the first rung that works: the URL in
 * `HEADWATER_POSTGRES_URL` (`_REDIS_`, `_MONGODB_`, `_PINECONE_`, `_OPENAI_`), a container, a local
 * server, a stand-in that speaks the wire protocol. Everything it starts ends with this process,
 * even when the process is killed.
 *
 * @throws AggregateError naming each store that no rung could provide, after stopping the others.
 *
 * @example
 * ```ts
 * const stack = await startTestStack({ onProgress: (line) => process.stderr.write(`${line}\n`) })
 * const pool = new Pool({ connectionString: stack.postgres.url })
 * await stack.stop()
 * ```
 */
export async function startTestStack<const N extends StoreName = StoreName>(
  options: TestStackOptions<N> = {},
): Promise<TestStack<N>> {
  const { stores, onProgress } = { ...testStackDefaults, ...options }
  const requireContainers =
    options.requireContainers ?? process.env['CI_REQUIRE_CONTAINERS'] === '1'
  const asksForRuntime =
    requireContainers || stores.some((store) => rungsOf[store].container && !environmentUrl(store))
  const hasRuntime = asksForRuntime && (await hasContainerRuntime())
  const run: Run = { requireContainers, hasRuntime, onProgress }
  const outcomes = await Promise.allSettled(stores.map((store) => startStore(store, run)))
  const started = outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' ? [outcome.value] : [],
  )
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  )
  if (failures.length > 0) {
    await stopAll(started)
    throw new AggregateError(
      failures,
      failures
        .map((failure) => (failure instanceof Error ? failure.message : String(failure)))
        .join('\n'),
    )
  }
  return assemble<N>(started)
}

interface Run {
  requireContainers: boolean
  hasRuntime: boolean
  onProgress: (line: string) => void
}

interface NamedStore {
  store: StoreName
  address: StoreAddress
  stop: () => Promise<void>
}

async function startStore(store: StoreName, run: Run): Promise<NamedStore> {
  const failures: string[] = []
  for (const rung of await planFor(store, run)) {
    try {
      const { address, stop } = await climb(store, rung, run)
      return { store, address: { ...address, rung }, stop }
    } catch (error) {
      failures.push(`${store} (${rung}): ${describeFailure(error)}`)
      run.onProgress(failures.at(-1) ?? '')
    }
  }
  throw new Error(
    failures.length > 0 ? failures.join('\n') : `${store}: there is no way to obtain it here`,
  )
}

function describeFailure(error: unknown): string {
  if (error instanceof MissingServerError)
    return `${error.server} is not installed; install it with: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}

async function planFor(store: StoreName, { requireContainers, hasRuntime }: Run): Promise<Rung[]> {
  const rungs = rungsOf[store]
  return planRungs({
    environmentUrl: environmentUrl(store),
    hasImage: rungs.container !== undefined,
    hasContainerRuntime: hasRuntime,
    requireContainers,
    hasLocalServer: rungs.local !== undefined && ((await rungs.hasLocalServer?.()) ?? true),
    hasStandIn: rungs.standIn !== undefined,
  })
}

async function climb(store: StoreName, rung: Rung, run: Run): Promise<StartedStore> {
  const rungs: StoreRungs = rungsOf[store]
  switch (rung) {
    case 'environment':
      return rungs.environment(environmentUrl(store) ?? '')
    case 'container':
      return offered(rungs.container)()
    case 'local':
      return offered(rungs.local)(run.onProgress)
    case 'stand-in':
      return offered(rungs.standIn)()
  }
}

function offered<T>(start: T | undefined): T {
  if (start === undefined) throw new Error('This store does not have that rung')
  return start
}

function environmentUrl(store: StoreName): string | undefined {
  return process.env[`HEADWATER_${store.toUpperCase()}_URL`] || undefined
}

function assemble<N extends StoreName>(started: readonly NamedStore[]): TestStack<N> {
  const addresses = Object.fromEntries(
    started.map(({ store, address }) => [store, address]),
  ) as unknown as Pick<StoreAddresses, N>
  let stopped: Promise<void> | undefined
  return {
    ...addresses,
    addresses: () => addresses,
    describe: () =>
      started.map(
        ({ store, address }) => `${store.padEnd(10)}${address.rung.padEnd(13)}${address.version}`,
      ),
    stop: () => (stopped ??= stopAll(started)),
  }
}

async function stopAll(started: readonly NamedStore[]): Promise<void> {
  const outcomes = await Promise.allSettled(started.map(({ stop }) => stop()))
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  )
  if (failures.length > 0) throw new AggregateError(failures, 'Some stores could not be stopped')
}
