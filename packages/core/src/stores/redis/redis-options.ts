import * as z from 'zod/mini'
import { option } from '../../check-options.ts'
import { once } from '../../once.ts'
import { type Credential, credentialRule } from '../credential.ts'
import { objectWith, type OptionTable, type SettingsOf, urlOf } from '../option-table.ts'
import { flagIn, listIn, numberIn } from '../option-texts.ts'
import { type Tls, tlsRow } from '../tls/tls-options.ts'
import type { HostRedis } from './redis-store.ts'
import { addressesIn, type ServerAddress, sentinelAddresses } from './server-address.ts'

/** How to reach Redis: one of `url`, `rootNodes`, `sentinels` and `client`. */
export interface RedisOptions {
  /** `redis://` or `rediss://user:password@host:port/database`. */
  readonly url?: string
  /**
   * URLs of some nodes of a cluster; the others are found through them. User, password and TLS are
   * the same on all nodes.
   */
  readonly rootNodes?: readonly string[]
  /**
   * The Sentinels that know the primary, all of them; needs `name`. As soon as one of them says
   * that another server is the primary, the connection to the old one is replaced.
   */
  readonly sentinels?: readonly { readonly host: string; readonly port: number }[]
  /** The name that the Sentinels know the primary by. */
  readonly name?: string
  /** The user at the primary, beside `sentinels`. */
  readonly username?: string
  /**
   * Number of the database at the primary, beside `sentinels`.
   *
   * @defaultValue `0`
   */
  readonly database?: number
  /** The user at the Sentinels. */
  readonly sentinelUsername?: string
  /** The password at the Sentinels, or a function that is asked for it at each connection. */
  readonly sentinelPassword?: Credential
  /** A client or cluster of the host's own, connected by the host, used and never closed. */
  readonly client?: HostRedis
  /**
   * The password, where the URL is not to have it. A function is asked for it whenever a connection
   * is made, so that it can change while the program runs.
   *
   * @defaultValue the one of the URL
   */
  readonly password?: Credential
  /**
   * TLS of the connections, those to Sentinels included: `true`, or certificates and a name. It
   * takes the place of what the URL says of TLS. Beside `sentinels` the certificates of all servers
   * are for one name, where `servername` is given.
   *
   * @defaultValue what the URL says, for instance `rediss://`
   */
  readonly tls?: Tls
  /**
   * Goes in front of every key, for instance `shop:`; by default the name of a schema that is not
   * `public`, and a colon.
   *
   * @defaultValue `''`
   */
  readonly keyPrefix?: string
  /**
   * Time that Redis has for a command, in milliseconds; a second at least where it is about
   * sessions, which nothing else can answer. While the event loop of this process stands still it
   * does not run.
   *
   * @defaultValue `100`
   */
  readonly deadlineMs?: number
  /**
   * Time a connection has to be made and to greet, in milliseconds.
   *
   * @defaultValue `2_000`
   */
  readonly connectTimeoutMs?: number
  /**
   * Whether the application is useless without it.
   *
   * @defaultValue `false`
   */
  readonly required?: boolean
}

const node = once(() => urlOf('a URL such as redis://host:6379', /^rediss?:$/))
const url = once(() =>
  node().check(
    z.refine(
      (value) => /^\/?\d*$/.test(URL.parse(value)?.pathname ?? ''),
      'expected the number of a database after the host',
    ),
  ),
)

/** Ways to reach it over a client of our own. */
const ownServers = ['url', 'rootNodes', 'sentinels']
const sentinels = { goesWith: ['sentinels'] }

/** The rule, the default and the variable of every option of Redis. */
export const redisOptions = {
  url: { rule: url, env: 'HEADWATER_REDIS_URL' },
  rootNodes: {
    rule: () => z.array(node()).check(z.minLength(1, 'expected one node or more')),
    env: 'HEADWATER_REDIS_ROOT_NODES',
    parse: (text: string): unknown => listIn(text),
  },
  sentinels: {
    rule: (): z.ZodMiniType<readonly ServerAddress[]> => sentinelAddresses(),
    env: 'HEADWATER_REDIS_SENTINELS',
    parse: (text: string): unknown => addressesIn(text),
  },
  name: {
    rule: option.text,
    ...sentinels,
    isNeededBy: 'sentinels',
    env: 'HEADWATER_REDIS_SENTINEL_NAME',
  },
  username: { rule: option.text, ...sentinels, env: 'HEADWATER_REDIS_USERNAME' },
  database: {
    rule: option.countOrNone,
    ...sentinels,
    env: 'HEADWATER_REDIS_DATABASE',
    parse: (text: string): unknown => numberIn(text),
  },
  sentinelUsername: {
    rule: option.text,
    ...sentinels,
    env: 'HEADWATER_REDIS_SENTINEL_USERNAME',
  },
  sentinelPassword: {
    rule: () => credentialRule(),
    ...sentinels,
    isNeededBy: 'sentinelUsername',
    env: 'HEADWATER_REDIS_SENTINEL_PASSWORD',
  },
  client: {
    rule: () =>
      objectWith<HostRedis>('a client of node-redis', 'sendCommand', 'on').check(
        z.refine(
          (client) => Reflect.get(client, 'clientSideCache') === undefined,
          'expected a client without clientSideCache: its own entries would be read after a commit',
        ),
        z.refine(
          (client) => !hasTypeMapping(client),
          'expected a client without a typeMapping: replies are read as the texts they are',
        ),
        z.refine(
          (client) => optionsOf(client).useReplicas !== true,
          'expected a cluster without useReplicas: a replica lags behind what was committed',
        ),
        z.refine(
          (client) => !('masters' in client) || '_executeWithPolicies' in client,
          'expected a cluster of redis 6.2 or later: an older one reads no keys of several slots at once',
        ),
        z.refine(
          (client) => !('getSentinelNode' in client),
          'expected a client or a cluster, not a Sentinel client: give `sentinels` and `name` instead',
        ),
        z.refine(
          (client) => !('totalClients' in client),
          'expected a client or a cluster, not a pool of clients: one connection is enough',
        ),
      ),
  },
  password: {
    rule: () => credentialRule(),
    env: 'HEADWATER_REDIS_PASSWORD',
    goesWith: ownServers,
    isNeededBy: 'username',
  },
  tls: {
    ...tlsRow('REDIS'),
    goesWith: ownServers,
    // A URL says it by its protocol; Sentinels have none.
    variable: 'HEADWATER_REDIS_TLS',
    parse: (text: string): unknown => flagIn(text) || undefined,
  },
  keyPrefix: {
    rule: () =>
      z
        .string('expected a text')
        .check(
          z.maxLength(64, 'expected at most 64 characters'),
          z.regex(/^[^{}]*$/, 'expected no braces: they pin a cluster slot'),
        ),
    default: '',
    env: 'HEADWATER_REDIS_PREFIX',
  },
  deadlineMs: { rule: option.durationMs, default: 100 },
  connectTimeoutMs: { rule: option.timeoutMs, default: 2_000 },
  required: { rule: option.flag, default: false },
} as const satisfies OptionTable<RedisOptions>

function hasTypeMapping(client: HostRedis): boolean {
  const { commandOptions, defaults } = optionsOf(client)
  const mappings = [commandOptions?.typeMapping, defaults?.commandOptions?.typeMapping]
  return mappings.some((mapping) => mapping !== undefined && Object.keys(mapping).length > 0)
}

/** A cluster keeps its options to itself, and those of its nodes apart. */
function optionsOf(client: HostRedis): ClientOptions {
  const options: unknown = Reflect.get(client, 'options') ?? Reflect.get(client, '_options')
  return Object(options) as ClientOptions
}

interface ClientOptions {
  readonly commandOptions?: { readonly typeMapping?: object }
  readonly defaults?: ClientOptions
  readonly useReplicas?: boolean
}

/** Options of Redis after the check, every default filled in. */
export type RedisSettings = SettingsOf<RedisOptions, typeof redisOptions>
