import type { Pinecone } from '@pinecone-database/pinecone'
import { option } from '../../check-options.ts'
import { type Credential, credentialRule } from '../credential.ts'
import { objectWith, type OptionTable, type SettingsOf, urlOf } from '../option-table.ts'
import { type Tls, tlsRow } from '../tls/tls-options.ts'

/**
 * How to reach Pinecone: either `apiKey` or `client`. Needs the package
 * `@pinecone-database/pinecone`.
 */
export interface PineconeOptions {
  /**
   * The API key. A function is asked for it before each request, so that it can change while the
   * program runs.
   */
  readonly apiKey?: Credential
  /**
   * A client of the host's own. HTTP status and Retry-After stay hidden then, and a deadline leaves
   * the request running.
   */
  readonly client?: Pinecone
  /**
   * TLS of the connections, where a certificate of one's own or another name is needed: `true`, or
   * certificates and a name. Addresses without TLS are refused then.
   *
   * @defaultValue what the URL says, with the certificates that Node.js trusts
   */
  readonly tls?: Tls
  /** Name of the index. */
  readonly index: string
  /** Host of the index, which saves looking it up by name. */
  readonly host?: string
  /** URL of the control plane, where it is not Pinecone's own. */
  readonly controllerHostUrl?: string
  /**
   * Time an operation has, in milliseconds.
   *
   * @defaultValue `5_000`
   */
  readonly deadlineMs?: number
  /**
   * Whether the application is useless without it.
   *
   * @defaultValue `false`
   */
  readonly required?: boolean
}

/** The rule, the default and the variable of every option of Pinecone. */
export const pineconeOptions = {
  apiKey: { rule: () => credentialRule(), env: 'HEADWATER_PINECONE_API_KEY' },
  client: { rule: () => objectWith<Pinecone>('a Pinecone client', 'index') },
  tls: { ...tlsRow('PINECONE'), goesWith: ['apiKey'] },
  index: { rule: option.text, isRequired: true, env: 'HEADWATER_PINECONE_INDEX' },
  host: { rule: option.text },
  controllerHostUrl: {
    rule: () => urlOf('a URL such as https://api.pinecone.io', /^https?:$/),
    env: 'HEADWATER_PINECONE_URL',
  },
  deadlineMs: { rule: option.durationMs, default: 5_000 },
  required: { rule: option.flag, default: false },
} as const satisfies OptionTable<PineconeOptions>

/** Options of Pinecone after the check, every default filled in. */
export type PineconeSettings = SettingsOf<PineconeOptions, typeof pineconeOptions>
