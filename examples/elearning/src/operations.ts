import { operation, type Operation } from './operation.ts'
import { accountOperations } from './operations/account-operations.ts'
import { catalogueOperations, courseOperations } from './operations/course-operations.ts'
import { enrollmentOperations } from './operations/enrollment-operations.ts'
import { healthOperations } from './operations/health-operations.ts'
import { searchOperations } from './operations/search-operations.ts'
import { seatOperations } from './operations/seat-operations.ts'
import { sessionOperations } from './operations/session-operations.ts'
import { studentOperations } from './operations/student-operations.ts'
import { userOperations } from './operations/user-operations.ts'
import { waitlistOperations } from './operations/waitlist-operations.ts'

const listed: readonly Operation[] = [
  ...userOperations,
  ...sessionOperations,
  ...accountOperations,
  ...catalogueOperations,
  ...courseOperations,
  ...studentOperations,
  ...enrollmentOperations,
  ...seatOperations,
  ...waitlistOperations,
  ...searchOperations,
  ...healthOperations,
]

const about = operation({
  method: 'GET',
  path: '/',
  access: 'anyone',
  run: async () => ({
    status: 200,
    body: {
      name: 'Headwater e-learning API',
      about: 'Registration, a catalogue with search, and enrollment, on Headwater.',
      operations: listed.map(({ method, path, access }) => ({ method, path, access })),
    },
  }),
})

/** Every operation of the API; a fixed path stands before one with a name in its place. */
export const operations: readonly Operation[] = [about, ...listed]
