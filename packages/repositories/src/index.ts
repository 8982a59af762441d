export { createRepositories } from './repositories.ts'
export type { Repositories, RepositoriesOptions } from './repositories.ts'
export { repositoryCacheDefaults } from './cache-options.ts'
export type { EntityCacheOptions, RepositoryCacheOptions } from './cache-options.ts'
export { repositoriesMigrations } from './migrations.ts'
export { repositoriesStatuses } from './statuses.ts'
export type { ListReadOptions } from './sql.ts'

export { erasureDefaults } from './users/erasure-options.ts'
export type { ErasureOptions } from './users/erasure-options.ts'
export { encryptionDefaults } from './encryption/encryption-options.ts'
export type {
  EncryptedActivityField,
  EncryptedUserField,
  EncryptionOptions,
} from './encryption/encryption-options.ts'
export type { EncryptionFailed, EncryptionFailedReason } from './encryption/encryption-failed.ts'
export { rotateDefaults } from './encryption/field-encryption.ts'
export type {
  FieldEncryption,
  RotateOptions,
  RotationReport,
} from './encryption/field-encryption.ts'
export type { LeftRow, RotateError } from './encryption/rotate-table.ts'
export type { KeyRing, KeyRingSource } from './encryption/key-ring.ts'
export type { UserRepository } from './users/user-repository.ts'
export type {
  ChangePasswordError,
  CreateUserError,
  Credentials,
  DeleteUserError,
  EmailTaken,
  ListUsersError,
  NewUser,
  ReadCredentialsError,
  ReadUserError,
  TeachesCourses,
  UpdateUserError,
  User,
  UserChanges,
  UserListOptions,
  UsernameTaken,
} from './users/user.ts'
export type {
  UserDeletedPayload,
  UserPasswordChangedPayload,
  UserRegisteredPayload,
  UserUpdatedPayload,
} from './users/user-events.ts'

export type { CourseRepository } from './courses/course-repository.ts'
export type {
  Course,
  CourseChanges,
  CreateCourseError,
  DeleteCourseOptions,
  ListCoursesError,
  NewCourse,
  PublishCourseError,
  ReadCourseError,
  UpdateCourseError,
} from './courses/course.ts'
export type { CourseListOptions, CourseSort } from './courses/course-list.ts'
export type {
  CourseDeletedPayload,
  CoursePayload,
  CourseUpdatedPayload,
} from './courses/course-events.ts'

export { enrollmentDefaults } from './enrollments/enrollment-options.ts'
export type { EnrollmentOptions } from './enrollments/enrollment-options.ts'
export type { EnrollmentRepository } from './enrollments/enrollment-repository.ts'
export type {
  AlreadyEnrolled,
  CourseFull,
  CourseNotPublished,
  Enrollment,
  EnrollError,
  EnrollmentKey,
  EnrollmentWithCourse,
  EnrollRequest,
  ListEnrollmentsError,
  NotEnrolled,
  Payment,
  PriceChanged,
  ProgressError,
  ProgressReport,
  ReadEnrollmentsError,
  TransferError,
  TransferRequest,
  WithdrawError,
  WithdrawRequest,
} from './enrollments/enrollment.ts'
export type {
  EnrollmentCreatedPayload,
  EnrollmentPayload,
  EnrollmentTransferredPayload,
  EnrollmentWithdrawnPayload,
  PaymentRecord,
  Refund,
} from './enrollments/enrollment-events.ts'

export { waitlistDefaults } from './waitlist/waitlist-options.ts'
export type { WaitlistOptions } from './waitlist/waitlist-options.ts'
export type { WaitlistRepository } from './waitlist/waitlist-repository.ts'
export type {
  AlreadyWaiting,
  JoinWaitlistError,
  LeaveWaitlistError,
  NotWaiting,
  ReadWaitlistError,
  SeatsAvailable,
  WaitlistFull,
  WaitlistPlace,
  WaitlistStanding,
} from './waitlist/waitlist.ts'
export type {
  WaitlistLeftPayload,
  WaitlistOfferedPayload,
  WaitlistPayload,
} from './waitlist/waitlist-events.ts'

export { activityDefaults } from './activity/activity-options.ts'
export type { ActivityOptions } from './activity/activity-options.ts'
export { activityBufferDefaults } from './activity/buffer-options.ts'
export type { ActivityBufferOptions } from './activity/buffer-options.ts'
export type { ActivityBacklog } from './activity/activity-spill.ts'
export type { ActivityRepository } from './activity/activity-repository.ts'
export type { SpillStatus } from './activity/activity-spill.ts'
export type { ActivityTypes } from './activity/activity-types.ts'
export type { Redaction } from './activity/redaction.ts'
export { retentionDefaults } from './activity/retention.ts'
export type { RetentionDays } from './activity/retention.ts'
export type { AskedQueries } from './activity/asked/asked-queries.ts'
export type {
  AskedQueriesOptions,
  AskedQuery,
  Gathered,
  GatherOptions,
  QueryForm,
} from './activity/asked/asked-query.ts'
export type { ActivityAnalytics } from './activity/analytics/activity-analytics.ts'
export type {
  ExportedPayment,
  ExportedSession,
  ExportUserError,
  UserExport,
} from './users/user-export.ts'
export type {
  ActiveUsers,
  CalendarOptions,
  CourseFunnel,
  CourseRevenue,
  EventCount,
  Period,
  PositionClicks,
  QueryCount,
  SearchTime,
} from './activity/analytics/activity-figures.ts'
export type {
  ActivityEvent,
  ActivityListOptions,
  ActivityMetadata,
  ActivityRecord,
  DurableActivityEvent,
  ReadActivityError,
  SearchClick,
  SearchLogEntry,
  SearchLogHit,
  SearchPageEntry,
} from './activity/activity.ts'
export type { ActivityRecordedPayload } from './activity/activity-events.ts'

export { formatMoney, minorUnits, parseMoney, subtractMoney } from '@headwater/core'
export type { Money, MoneyInput } from '@headwater/core'
export type { Page, PageOptions } from './page.ts'
