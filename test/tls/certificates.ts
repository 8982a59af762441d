// The library of certificates wants its decorators before it is loaded.
import 'reflect-metadata'
import { KeyObject, webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** A certificate and its key, in PEM form. */
export interface Signed {
  readonly cert: string
  readonly key: string
}

/** What a certificate says. */
export interface SignOptions {
  /** Names and addresses that it is for; `localhost` and `127.0.0.1` where nothing is said. */
  readonly names?: readonly string[]
  /** Days from now until it ends; negative for one that has ended. */
  readonly days?: number
}

/** An authority that signs certificates. */
export interface Authority {
  /** Its own certificate, in PEM form. */
  readonly ca: string
  sign(options?: SignOptions): Promise<Signed>
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const

/** Makes an authority. */
export async function makeAuthority(name: string): Promise<Authority> {
  const keys = await makeKeys()
  const issuer = `CN=${name}`
  const root = await X509CertificateGenerator.createSelfSigned({
    name: issuer,
    keys,
    signingAlgorithm,
    notBefore: inDays(-30),
    notAfter: inDays(30),
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  })
  return {
    ca: root.toString('pem'),
    sign: (options) => sign({ issuer, key: keys.privateKey }, options),
  }
}

async function sign(
  { issuer, key }: { readonly issuer: string; readonly key: webcrypto.CryptoKey },
  { names = ['localhost', '127.0.0.1'], days = 7 }: SignOptions = {},
): Promise<Signed> {
  const keys = await makeKeys()
  const certificate = await X509CertificateGenerator.create({
    subject: 'CN=headwater test',
    issuer,
    publicKey: keys.publicKey,
    signingKey: key,
    signingAlgorithm,
    notBefore: inDays(-10),
    notAfter: inDays(days),
    extensions: [new SubjectAlternativeNameExtension(names.map(alternativeName))],
  })
  return {
    cert: certificate.toString('pem'),
    key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

function alternativeName(value: string) {
  return { type: /^[\d.]+$/.test(value) ? ('ip' as const) : ('dns' as const), value }
}

function inDays(days: number): Date {
  return new Date(Date.now() + days * 24 * 3_600_000)
}
