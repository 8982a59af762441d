import type { ConnectOptions, MongodbOptions, PineconeOptions } from './connect-options.ts'

/**
 * Options of `connect` from the variables of an environment, handed in by the caller:
 * `HEADWATER_POSTGRES_URL`, `HEADWATER_POSTGRES_SCHEMA`, `HEADWATER_REDIS_URL`,
 * `HEADWATER_REDIS_PREFIX`, `HEADWATER_MONGODB_URL`, `HEADWATER_MONGODB_DATABASE` (else the one
 * that the URL names), `HEADWATER_PINECONE_API_KEY`, `HEADWATER_PINECONE_INDEX` and, for a control
 * plane that is not Pinecone's own, `HEADWATER_PINECONE_URL`. MongoDB and Pinecone are configured
 * when their first variable is set. Reads nothing else and checks nothing: `connect` does.
 *
 * @example
 * ```ts
 * const stores = orThrow(await connect(connectOptionsFromEnv(process.env)))
 * ```
 */
export function connectOptionsFromEnv(
  env: Readonly<Record<string, string | undefined>>,
): ConnectOptions {
  const read = (name: string): string | undefined => (env[name] === '' ? undefined : env[name])
  return {
    postgres: defined({
      url: read('HEADWATER_POSTGRES_URL'),
      schema: read('HEADWATER_POSTGRES_SCHEMA'),
    }),
    redis: defined({ url: read('HEADWATER_REDIS_URL'), keyPrefix: read('HEADWATER_REDIS_PREFIX') }),
    ...defined({ mongodb: mongodbOptions(read), pinecone: pineconeOptions(read) }),
  }
}

type Read = (name: string) => string | undefined

function mongodbOptions(read: Read): MongodbOptions | undefined {
  const url = read('HEADWATER_MONGODB_URL')
  if (url === undefined) return undefined
  const named = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]+)/.exec(url)?.[1]
  return { url, database: read('HEADWATER_MONGODB_DATABASE') ?? named ?? '' }
}

function pineconeOptions(read: Read): PineconeOptions | undefined {
  const apiKey = read('HEADWATER_PINECONE_API_KEY')
  if (apiKey === undefined) return undefined
  return {
    apiKey,
    index: read('HEADWATER_PINECONE_INDEX') ?? '',
    ...defined({ controllerHostUrl: read('HEADWATER_PINECONE_URL') }),
  }
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Defined<T>
}
