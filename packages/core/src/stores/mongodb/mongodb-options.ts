import type { MongoClient } from 'mongodb'
import * as z from 'zod/mini'
import { option } from '../../check-options.ts'
import { type Credential, credentialRule } from '../credential.ts'
import {
  objectWith,
  type OptionTable,
  type ReadVariable,
  type SettingsOf,
} from '../option-table.ts'
import { type Tls, tlsRow } from '../tls/tls-options.ts'

/** How to reach MongoDB: either `url` or `client`. Needs the package `mongodb`. */
export interface MongodbOptions {
  /** `mongodb://` or `mongodb+srv://`. */
  readonly url?: string
  /** A client of the host's own, used and never closed. */
  readonly client?: MongoClient
  /**
   * The password of the user that the URL names, where the URL is not to have it. A function is
   * asked for it by the first call, and again when the server refuses it: another password makes
   * another client, at `stores.mongodb.client`.
   *
   * @defaultValue the one of the URL
   */
  readonly password?: Credential
  /**
   * TLS of the connections: `true`, or certificates and a name. It takes the place of what the URL
   * says of TLS.
   *
   * @defaultValue what the URL says, for instance `?tls=true`
   */
  readonly tls?: Tls
  /** Name of the database. */
  readonly database: string
  /**
   * Time an operation has, in milliseconds.
   *
   * @defaultValue `2_000`
   */
  readonly deadlineMs?: number
  /**
   * Connections at most.
   *
   * @defaultValue `20`
   */
  readonly maxConnections?: number
  /**
   * Whether the application is useless without it.
   *
   * @defaultValue `false`
   */
  readonly required?: boolean
}

/** The rule, the default and the variable of every option of MongoDB. */
export const mongodbOptions = {
  url: {
    // Not parsed as a URL: several hosts with ports make none.
    rule: () =>
      z
        .string('expected a text')
        .check(z.regex(/^mongodb(\+srv)?:\/\/./, 'expected a URL such as mongodb://host:27017')),
    env: 'HEADWATER_MONGODB_URL',
  },
  client: { rule: () => objectWith<MongoClient>('a MongoClient', 'db', 'close') },
  password: { rule: () => credentialRule(), env: 'HEADWATER_MONGODB_PASSWORD', goesWith: ['url'] },
  tls: { ...tlsRow('MONGODB'), goesWith: ['url'] },
  database: {
    rule: () =>
      option
        .text()
        .check(
          z.maxLength(63, 'expected at most 63 characters'),
          z.regex(/^[^/\\. "$*<>:|?]+$/, 'expected a database name'),
        ),
    isRequired: true,
    env: 'HEADWATER_MONGODB_DATABASE',
    fallback: (read: ReadVariable) => databaseIn(read('HEADWATER_MONGODB_URL')),
  },
  deadlineMs: { rule: option.durationMs, default: 2_000 },
  maxConnections: { rule: option.count, default: 20 },
  required: { rule: option.flag, default: false },
} as const satisfies OptionTable<MongodbOptions>

/** Options of MongoDB after the check, every default filled in. */
export type MongodbSettings = SettingsOf<MongodbOptions, typeof mongodbOptions>

function databaseIn(url = ''): string | undefined {
  return /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]+)/.exec(url)?.[1]
}
