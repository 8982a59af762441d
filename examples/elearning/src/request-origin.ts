import type { ActivityMetadata } from '@headwater/repositories'
import type { ApiRequest } from './operation.ts'

/** Where a request came from, for the activity log. */
export function originOf({
  address,
  header,
}: Pick<ApiRequest, 'address' | 'header'>): ActivityMetadata {
  return { ipAddress: address, userAgent: header('user-agent'), referrer: header('referer') }
}
