import { parseArgs, type ParseArgsConfig } from 'node:util'
import {
  startPostgresServer,
  startRedisServer,
  type PostgresServer,
  type PostgresServerOptions,
  type RedisServer,
} from '@headwater/testing'
import { say } from './say.ts'

/** The servers and the command line of a benchmark. */
export interface Bench<Option extends string = never, Flag extends string = never> {
  readonly postgres: PostgresServer
  readonly redis: RedisServer
  /**
   * Whether the last line printed is one JSON object; otherwise the parts of each figure are told
   * too.
   */
  readonly isJson: boolean
  /** The values of the benchmark's own options. */
  readonly values: Readonly<Record<Option, string>>
  /** Which of its own flags are given. */
  readonly flags: Readonly<Record<Flag, boolean>>
}

/** A benchmark: what it needs beyond `--json`. */
export interface BenchOptions<Option extends string = never, Flag extends string = never> {
  /**
   * Settings of the PostgreSQL server.
   *
   * @defaultValue those of a test server, which is not durable
   */
  readonly postgres?: PostgresServerOptions
  /**
   * Further options of the command line, with their defaults.
   *
   * @defaultValue none
   */
  readonly options?: Readonly<Record<Option, string>>
  /**
   * Further options of the command line that have no value.
   *
   * @defaultValue none
   */
  readonly flags?: readonly Flag[]
}

/** Figures by name; a figure may be a group of figures, and a text is a name. */
export interface Figures {
  readonly [name: string]: Figure
}

type Figure = number | string | Figures

/**
 * Starts PostgreSQL and Redis, measures, prints the figures rounded to two decimals, and stops the
 * servers even when the measurement fails.
 */
export async function bench<Option extends string = never, Flag extends string = never>(
  measure: (bench: Bench<Option, Flag>) => Promise<Figures>,
  { postgres: postgresOptions = {}, ...own }: BenchOptions<Option, Flag> = {},
): Promise<void> {
  const { isJson, values, flags } = commandLine(own)
  const [postgres, redis] = await Promise.all([
    startPostgresServer(postgresOptions),
    startRedisServer({ onProgress: say }),
  ])
  try {
    const figures = rounded(await measure({ postgres, redis, isJson, values, flags }))
    console.log(isJson ? JSON.stringify(figures) : figures)
  } finally {
    await Promise.all([postgres.stop(), redis.stop()])
  }
}

type KnownOption = NonNullable<ParseArgsConfig['options']>[string]

function commandLine<Option extends string, Flag extends string>({
  options,
  flags = [],
}: Pick<BenchOptions<Option, Flag>, 'options' | 'flags'>): Pick<
  Bench<Option, Flag>,
  'isJson' | 'values' | 'flags'
> {
  const known = Object.fromEntries<KnownOption>([
    ...Object.entries<string>(options ?? {}).map(([name, value]): [string, KnownOption] => [
      name,
      { type: 'string', default: value },
    ]),
    ...['json', ...flags].map((name): [string, KnownOption] => [
      name,
      { type: 'boolean', default: false },
    ]),
  ])
  const { values } = parseArgs({ options: known })
  return {
    isJson: values['json'] === true,
    values: values as Record<Option, string>,
    flags: values as Record<Flag, boolean>,
  }
}

function rounded(figures: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([name, figure]) => [name, roundedFigure(figure)] as const),
  )
}

function roundedFigure(figure: Figure): Figure {
  if (typeof figure === 'number') return Math.round(figure * 100) / 100
  return typeof figure === 'string' ? figure : rounded(figure)
}
