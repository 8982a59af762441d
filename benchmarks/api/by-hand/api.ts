import { EnrollmentService } from '../../flows/by-hand/enrollment-service.ts'
import { ActivityLog } from '../../flows/by-hand/activity.ts'
import type { Clients } from '../../flows/by-hand/clients.ts'
import { CourseSearchService } from '../../flows/by-hand/course-search-service.ts'
import { CourseService } from '../../flows/by-hand/course-service.ts'
import { courseColumns } from './course-row.ts'
import { Courses } from './courses.ts'
import { Enrollments } from './enrollments.ts'
import { Gate, type Limits } from './gate.ts'
import { Profiles } from './profiles.ts'
import { Searches } from './searches.ts'

/** What the API by hand is made of: the reference design's own steps. */
export class ApiByHand {
  readonly gate: Gate
  readonly profiles: Profiles
  readonly courses: Courses
  readonly enrollments: Enrollments
  readonly seats: EnrollmentService
  readonly searches: Searches
  readonly activity: ActivityLog
  /** Writes courses to the index. */
  readonly index: CourseSearchService

  constructor(clients: Clients, { limits, secret }: { limits: Limits; secret: string }) {
    this.index = new CourseSearchService(clients, courseColumns)
    this.gate = new Gate(clients, limits)
    this.profiles = new Profiles(clients)
    this.courses = new Courses(clients, new CourseService(clients, this.index))
    this.enrollments = new Enrollments(clients)
    this.seats = new EnrollmentService(clients)
    this.searches = new Searches(clients, this.index, secret)
    this.activity = new ActivityLog(clients)
  }

  /** Waits for what was left for later. */
  async settled(): Promise<void> {
    await this.searches.settled()
    await this.activity.settled()
  }
}
