import { parseArgs } from 'node:util'
import {
  startPostgresServer,
  startRedisServer,
  type PostgresServer,
  type RedisServer,
} from '@headwater/testing'
import { say } from './say.ts'

/** The servers of a soak and its length. */
export interface Soak {
  readonly seconds: number
  readonly postgres: PostgresServer
  readonly redis: RedisServer
  /** The flags that were given. */
  readonly flags: ReadonlySet<string>
}

/** The outcome of a soak. */
export interface SoakOutcome {
  /** The line that is printed at the end. */
  readonly summary: Readonly<Record<string, unknown>>
  /** One sentence for each broken promise; empty when the soak passed. */
  readonly failures: readonly string[]
}

/** The length of a soak. */
export interface SoakOptions {
  /** Seconds without `--seconds`. */
  readonly seconds: number
  /**
   * The least that `--seconds` may ask for.
   *
   * @defaultValue 1
   */
  readonly leastSeconds?: number
  /**
   * Flags that may be given, as `near` for `--near`.
   *
   * @defaultValue none
   */
  readonly flags?: readonly string[]
}

/**
 * Starts PostgreSQL and Redis, runs a soak, prints its failures and its summary, and stops the
 * servers. The process exits with 1 when a promise was broken.
 */
export async function soak(
  run: (soak: Soak) => Promise<SoakOutcome>,
  { seconds: defaultSeconds, leastSeconds = 1, flags = [] }: SoakOptions,
): Promise<void> {
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries(flags.map((flag) => [flag, { type: 'boolean' } as const])),
      seconds: { type: 'string', default: String(defaultSeconds) },
      json: { type: 'boolean', default: false },
    },
  })
  const given = new Set(flags.filter((flag) => Reflect.get(values, flag) === true))
  const seconds = Number(values.seconds)
  if (!(seconds >= leastSeconds))
    throw new RangeError(`--seconds must be at least ${leastSeconds}: got ${values.seconds}`)
  const [postgres, redis] = await Promise.all([
    startPostgresServer(),
    startRedisServer({ onProgress: say }),
  ])
  try {
    const { summary, failures } = await run({ seconds, postgres, redis, flags: given })
    for (const failure of failures) say(`FAILED: ${failure}`)
    console.log(values.json ? JSON.stringify(summary) : summary)
    process.exitCode = failures.length === 0 ? 0 : 1
  } finally {
    await Promise.all([postgres.stop(), redis.stop()])
  }
}

/** The failures that occurred: the sentences whose condition holds. */
export function failuresOf(sentences: readonly (readonly [boolean, string])[]): string[] {
  return sentences.flatMap(([hasFailed, sentence]) => (hasFailed ? [sentence] : []))
}

/** Faults and how often each was played, as one line. */
export function countsLine(counts: Iterable<readonly [string, number]>): string {
  return `  ${[...counts].map(([fault, count]) => `${fault} ×${count}`).join(', ')}`
}
