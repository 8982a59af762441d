import type { FailureStatuses } from '@headwater/core'

/** The HTTP status of each failure of the repositories, for `httpStatusOf` and `publicFailure`. */
export const repositoriesStatuses = {
  'email-taken': 409,
  'username-taken': 409,
  'already-enrolled': 409,
  'course-full': 409,
  'price-changed': 409,
  'teaches-courses': 409,
  'already-waiting': 409,
  'seats-available': 409,
  'waitlist-full': 409,
  'course-not-published': 422,
  'not-enrolled': 422,
  'not-waiting': 422,
  'encryption-failed': 500,
} as const satisfies FailureStatuses
