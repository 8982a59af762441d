import { ActivityLog } from './activity.ts'
import type { Clients } from './clients.ts'
import { CourseSearchService } from './course-search-service.ts'
import { CourseService } from './course-service.ts'
import { EnrollmentService } from './enrollment-service.ts'
import { UserService } from './user-service.ts'

/**
 * The reference design by hand: its own steps, one after the other, on bare clients. Statements
 * are named, which `pg` recommends and the design leaves open; its lines on the console are left
 * out.
 */
export class ByHand {
  readonly clients: Clients
  readonly users: UserService
  readonly search: CourseSearchService
  readonly enrollments: EnrollmentService
  readonly courses: CourseService
  readonly activity: ActivityLog

  constructor(clients: Clients) {
    this.clients = clients
    this.users = new UserService(clients)
    this.search = new CourseSearchService(clients)
    this.enrollments = new EnrollmentService(clients)
    this.courses = new CourseService(clients, this.search)
    this.activity = new ActivityLog(clients)
  }

  /** Waits for what was left for later. */
  async settled(): Promise<void> {
    await this.courses.settled()
    await this.activity.settled()
  }
}
