import { describe, expect, test } from 'vitest'
import { NotConnected } from '../../src/resilience/not-connected.ts'
import { unreachableReason } from '../../src/resilience/unreachable.ts'

function nodeError(code: string, message = 'words of OpenSSL'): Error {
  return Object.assign(new Error(message), { code })
}

describe('unreachableReason', () => {
  test.each([
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /is not trusted: .*set `tls\.ca`/],
    ['SELF_SIGNED_CERT_IN_CHAIN', /is not trusted: .*set `tls\.ca`/],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', /is not trusted: .*set `tls\.ca`/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /signed itself; set `tls\.ca`/],
    ['CERT_HAS_EXPIRED', /has expired/],
    ['CERT_NOT_YET_VALID', /is not valid yet/],
    ['CERT_REVOKED', /is revoked/],
    ['CERT_CHAIN_TOO_LONG', /is not trusted/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /wants a certificate of this client/],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', /does not accept the certificate of this client/],
    ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', /does not accept the certificate of this client/],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', /may want a certificate of this client/],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', /no version of TLS in common/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /speaks no TLS there/],
    ['ERR_SSL_PACKET_LENGTH_TOO_LONG', /speaks no TLS there/],
    ['ERR_SSL_NO_CIPHER_MATCH', /did not agree on TLS/],
  ])('%s is explained, with the code', (code, words) => {
    expect(unreachableReason(new Error('outer', { cause: nodeError(code) }))).toMatch(words)
    expect(unreachableReason(nodeError(code))).toContain(`(${code})`)
  })

  test('An error of the system is explained by the words that OpenSSL added to it', () => {
    const words = 'write EPROTO 80:error:0A00010B:SSL routines::wrong version number'
    expect(unreachableReason(nodeError('EPROTO', words))).toMatch(/speaks no TLS there.*EPROTO/)
  })

  test('A connection that ends in the handshake is told from one that ends later', () => {
    const early = 'Client network socket disconnected before secure TLS connection was established'
    expect(unreachableReason(nodeError('ECONNRESET', early))).toMatch(/handshake of TLS/)
    expect(unreachableReason(nodeError('ECONNRESET', 'read ECONNRESET'))).not.toMatch(/TLS/)
  })

  test('A certificate of other names names them', () => {
    const error = Object.assign(nodeError('ERR_TLS_CERT_ALTNAME_INVALID'), {
      host: 'db.example',
      cert: { subjectaltname: 'DNS:db.internal' },
    })
    expect(unreachableReason(error)).toMatch(/is for DNS:db\.internal, not for db\.example/)
  })

  test('What keeps a connection from being made counts before what lies beneath it', () => {
    const beneath = nodeError('ECONNREFUSED')
    const error = new NotConnected('the function of `password` failed', beneath)
    expect(unreachableReason(new Error('outer', { cause: error }))).toBe(error.message)
  })
})
