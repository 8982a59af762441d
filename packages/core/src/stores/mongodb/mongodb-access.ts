import { FailureError } from '../../failure/failure-error.ts'
import { invalidField } from '../../input.ts'
import { type SecureOptions, secureOptions } from '../tls/tls-options.ts'
import type { MongodbSettings } from './mongodb-options.ts'

/** The servers' addresses and the TLS of their connections, as the driver takes them. */
export interface MongodbAccess extends SecureOptions {
  readonly url: string
  readonly tls?: true
}

/** The access that the options describe. `tls` replaces what the URL says of TLS. */
export function accessOf({ url = '', tls }: MongodbSettings): MongodbAccess {
  if (tls === undefined) return { url }
  return { url: withoutTls(url), tls: true, ...secureOptions(tls) }
}

/**
 * The user that a URL names.
 *
 * @throws {@link FailureError} when it names none.
 */
export function userOf(url: string): string {
  const user = /^mongodb(?:\+srv)?:\/\/([^/?:@]+)[^/?]*@/.exec(url)?.[1]
  if (user === undefined)
    throw new FailureError(invalidField('mongodb.url', 'expected a user for `mongodb.password`'))
  return decodeURIComponent(user)
}

/** Several hosts make no URL that Node.js parses. */
function withoutTls(url: string): string {
  const [address = '', query = ''] = url.split('?')
  const kept = query.split('&').filter((part) => part !== '' && !/^(tls|ssl)/i.test(part))
  return kept.length === 0 ? address : `${address}?${kept.join('&')}`
}
