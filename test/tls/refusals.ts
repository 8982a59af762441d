import { type Authority, makeAuthority, type Signed } from './certificates.ts'

/** Certificates of a server, and those that its clients trust. */
export interface Certificates {
  readonly authority: Authority
  /** An authority that signed nothing here. */
  readonly other: Authority
  readonly good: Signed
  readonly expired: Signed
  /** For `db.internal` alone. */
  readonly named: Signed
}

/** Makes certificates of every kind that tests need. */
export async function makeCertificates(): Promise<Certificates> {
  const [authority, other] = await Promise.all([makeAuthority('good'), makeAuthority('other')])
  const [good, expired, named] = await Promise.all([
    authority.sign(),
    authority.sign({ days: -1 }),
    authority.sign({ names: ['db.internal'] }),
  ])
  return { authority, other, good, expired, named }
}

/** A certificate that is refused, and the words of the refusal. */
export interface RefusedCertificate {
  readonly title: string
  readonly server: 'good' | 'expired' | 'named'
  readonly trusts: 'authority' | 'other'
  readonly words: RegExp
}

/** Certificates that no store takes. */
export const refusedCertificates: readonly RefusedCertificate[] = [
  {
    title: 'of another authority',
    server: 'good',
    trusts: 'other',
    words: /certificate is not trusted: .*set `tls\.ca`/,
  },
  {
    title: 'that has expired',
    server: 'expired',
    trusts: 'authority',
    words: /certificate, or that of its authority, has expired: renew it.*CERT_HAS_EXPIRED/,
  },
  {
    title: 'of another name',
    server: 'named',
    trusts: 'authority',
    words:
      /certificate is for DNS:db\.internal, not for 127\.0\.0\.1: .*`tls\.servername`.*ALTNAME/,
  },
]
