/** What Node.js says of a handshake of TLS that failed. */
export interface TlsError extends Error {
  readonly code?: unknown
  /** The name that the certificate was to have. */
  readonly host?: unknown
  /** The certificate, where it is for other names. */
  readonly cert?: unknown
}

const untrusted =
  'its certificate is not trusted: an authority unknown here signed it; set `tls.ca` to that of the server'

/** Codes of Node.js and OpenSSL, and the meaning of each. The first that fits counts. */
const meanings: readonly (readonly [code: RegExp, meaning: string])[] = [
  [
    /^DEPTH_ZERO_SELF_SIGNED_CERT$/,
    'its certificate is not trusted: it signed itself; set `tls.ca` to that certificate',
  ],
  [/^SELF_SIGNED_CERT_IN_CHAIN$|^UNABLE_TO_|^CERT_(UNTRUSTED|SIGNATURE_FAILURE)$/, untrusted],
  [
    /^CERT_HAS_EXPIRED$/,
    'its certificate, or that of its authority, has expired: renew it there, or set the clock here',
  ],
  [/^CERT_NOT_YET_VALID$/, 'its certificate is not valid yet: set the clock here, or there'],
  [/^CERT_REVOKED$/, 'its certificate is revoked: give the server another one'],
  [/ALERT_CERTIFICATE_REQUIRED/, 'it wants a certificate of this client: set `tls.cert`'],
  [
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERT|CERTIFICATE|ACCESS_DENIED)/,
    'it does not accept the certificate of this client: set `tls.cert` to one of its authority',
  ],
  [
    /ALERT_HANDSHAKE_FAILURE/,
    'it ended the handshake of TLS: it may want a certificate of this client, `tls.cert`',
  ],
  [
    /ALERT_UNRECOGNIZED_NAME/,
    'it has no certificate for this name: connect by another, or set `tls.servername`',
  ],
  [/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/, 'it has no version of TLS in common'],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNKNOWN_PROTOCOL/,
    'the server speaks no TLS there: check the port, or connect without TLS',
  ],
  [/^(ERR_SSL_|EPROTO)/, 'it did not agree on TLS'],
  [/CERT/, 'its certificate is not trusted'],
]

/**
 * Why a server and this client did not agree on TLS, in words that say what to set. `undefined` for
 * an error of another kind.
 */
export function tlsReason(error: TlsError): string | undefined {
  const code = tlsCodeOf(error)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return otherName(error)
  if (isCutShort(error)) return cutShort
  return meanings.find(([pattern]) => pattern.test(code))?.[1]
}

/** Some errors have the code of the system, and OpenSSL's own in their words alone. */
function tlsCodeOf({ code, message }: TlsError): string {
  if (code === 'EPROTO') return `EPROTO_${message.toUpperCase().replaceAll(' ', '_')}`
  return typeof code === 'string' ? code : ''
}

const cutShort =
  'the server closed the connection in the handshake of TLS: does it speak TLS there?'

function isCutShort({ code, message }: TlsError): boolean {
  return code === 'ECONNRESET' && message.includes('before secure TLS connection')
}

function otherName({ host, cert }: TlsError): string {
  const { subjectaltname } = Object(cert) as { readonly subjectaltname?: unknown }
  const names = typeof subjectaltname === 'string' ? subjectaltname.slice(0, 200) : 'another name'
  const [known, wanted] = [`its certificate is for ${names}`, `not for ${String(host)}`]
  return `${known}, ${wanted}: connect by such a name, or set \`tls.servername\` to it`
}
