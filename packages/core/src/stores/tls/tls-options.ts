import type { ConnectionOptions } from 'node:tls'
import * as z from 'zod/mini'
import { option, strictOptions } from '../../check-options.ts'
import { inEnglish } from '../../input.ts'
import { once } from '../../once.ts'
import type { OptionRow } from '../option-table.ts'
import { certificateIssue, isPair, keyIssue, type Pem, readPem, tryReadPem } from './pem.ts'

/**
 * Certificates and a server name for TLS. Where these options are given, even as `{}`, everything
 * is sent over TLS and the certificate of the server is checked, whatever the URL says. Files are
 * read when the store is connected.
 */
export interface TlsOptions {
  /**
   * Certificates of the authorities to trust: in PEM form, or the path of a file.
   *
   * @defaultValue those that Node.js trusts
   */
  readonly ca?: Pem
  /**
   * The certificate of this client, for a server that wants one: in PEM form, or the path of a
   * file.
   *
   * @defaultValue none
   */
  readonly cert?: Pem
  /**
   * The private key of `cert`: in PEM form, or the path of a file.
   *
   * @defaultValue none
   */
  readonly key?: Pem
  /**
   * The name that the certificate of the server is for.
   *
   * @defaultValue the host of the URL
   */
  readonly servername?: string
}

/** TLS as an option: `true` for no more than the certificates that Node.js trusts. */
export type Tls = true | TlsOptions

/**
 * The rule of {@link Tls}.
 *
 * @internal
 */
export function tlsRule(): z.ZodMiniType<Tls> {
  return z.unknown().check(({ value, issues }) => {
    if (value === true) return
    const parsed = fields().safeParse(value, { error: inEnglish })
    for (const { message, path } of parsed.error?.issues ?? [])
      issues.push({ code: 'custom', input: undefined, message, path: [...path] })
  }) as z.ZodMiniType<Tls>
}

const fields = once(() =>
  strictOptions<TlsOptions>({
    ca: z.optional(pemRule(certificateIssue)),
    cert: z.optional(pemRule(certificateIssue)),
    key: z.optional(pemRule(keyIssue)),
    servername: z.optional(option.text()),
  }).check(ofOnePair as z.core.CheckFn<unknown>),
)

/** The row of `tls` of a store, whose variables begin with `HEADWATER_` and this name. */
export function tlsRow(store: string) {
  const variable = `HEADWATER_${store}_TLS`
  return {
    rule: () => tlsRule(),
    read: withTexts,
    env: {
      ca: `${variable}_CA`,
      cert: `${variable}_CERT`,
      key: `${variable}_KEY`,
      servername: `${variable}_SERVERNAME`,
    },
  } as const satisfies OptionRow<Tls>
}

const pemNames = ['ca', 'cert', 'key'] as const satisfies readonly (keyof TlsOptions)[]

/**
 * TLS with the texts of its files: what is checked is what is used, whatever becomes of the files.
 * What cannot be read stays as it is, and the rule says why.
 */
function withTexts(tls: unknown): unknown {
  if (typeof tls !== 'object' || tls === null) return tls
  const texts = pemNames.flatMap((name) => {
    const pem: unknown = Reflect.get(tls, name)
    return pem === undefined ? [] : [[name, tryReadPem(pem)] as const]
  })
  return texts.length === 0 ? tls : { ...tls, ...Object.fromEntries(texts) }
}

/** What Node.js takes of {@link TlsOptions}, with the texts of the files. */
export type SecureOptions = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'
>

/**
 * The options for Node.js; they check the certificate whatever `NODE_TLS_REJECT_UNAUTHORIZED` says.
 * Where files are still named it reads them, and throws what reading throws.
 */
export function secureOptions(tls: Tls): SecureOptions {
  const { ca, cert, key, servername }: TlsOptions = tls === true ? {} : tls
  return {
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca: readPem(ca) }),
    ...(cert === undefined ? {} : { cert: readPem(cert) }),
    ...(key === undefined ? {} : { key: readPem(key) }),
    ...(servername === undefined ? {} : { servername }),
  }
}

function pemRule(issueOf: (pem: unknown) => string | undefined): z.ZodMiniType {
  return z.unknown().check(({ value, issues }) => {
    const message = issueOf(value)
    if (message !== undefined) issues.push({ code: 'custom', input: undefined, message })
  })
}

const ofOnePair: z.core.CheckFn<TlsOptions> = ({ value: { cert, key }, issues }) => {
  const refuse = (field: keyof TlsOptions, message: string): void => {
    issues.push({ code: 'custom', input: undefined, path: [field], message })
  }
  if (cert === undefined && key === undefined) return
  if (key === undefined) refuse('key', 'expected the key of `cert` as well')
  else if (cert === undefined) refuse('cert', 'expected the certificate of `key` as well')
  else if (!isPair(cert, key)) refuse('key', 'expected the key of `cert`, not of another')
}
