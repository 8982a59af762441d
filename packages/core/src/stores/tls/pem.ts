import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Certificates or a key: as text or bytes in PEM form, or the path of a file that holds them. */
export type Pem = string | Uint8Array

/** The text in PEM form. Reads the file where a path is given, and throws what reading throws. */
export function readPem(pem: Pem): string {
  const text = typeof pem === 'string' ? pem : Buffer.from(pem).toString()
  return isPemText(text) ? text : readFileSync(text, 'utf8')
}

/** The text in PEM form, where there is one; else what was given. */
export function tryReadPem(pem: unknown): unknown {
  if (!isPem(pem)) return pem
  try {
    const text = readPem(pem)
    return isPemText(text) ? text : pem
  } catch {
    return pem
  }
}

/** Why this cannot be used as certificates; `undefined` when it can. */
export function certificateIssue(pem: unknown): string | undefined {
  return pemIssue(pem, (text) => new X509Certificate(text), 'a certificate')
}

/** Why this cannot be used as a private key; `undefined` when it can. */
export function keyIssue(pem: unknown): string | undefined {
  return pemIssue(pem, createPrivateKey, 'a private key without a passphrase')
}

/** Whether a key is that of a certificate. */
export function isPair(certificate: Pem, key: Pem): boolean {
  return new X509Certificate(readPem(certificate)).checkPrivateKey(createPrivateKey(readPem(key)))
}

/** Shows neither the text, which may be a key, nor the path. */
function pemIssue(
  pem: unknown,
  parse: (text: string) => unknown,
  expected: string,
): string | undefined {
  if (!isPem(pem)) return `expected ${expected} in PEM form, or the path of a file that holds it`
  let text: string
  try {
    text = readPem(pem)
  } catch (error) {
    return `expected ${expected} in PEM form, or the path of a file that can be read (${codeOf(error)})`
  }
  try {
    parse(text)
    return undefined
  } catch {
    return `expected ${expected} in PEM form`
  }
}

function isPem(value: unknown): value is Pem {
  return typeof value === 'string' || value instanceof Uint8Array
}

function isPemText(text: string): boolean {
  return text.includes('-----BEGIN')
}

function codeOf(error: unknown): string {
  return String(Reflect.get(Object(error) as object, 'code'))
}
