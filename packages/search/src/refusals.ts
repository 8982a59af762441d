import type { InputIssue, InvalidInput, NotFound } from '@headwater/core'

/** The failure of input that breaks these rules; it speaks of the first. */
export function invalidInput(issues: readonly InputIssue[]): InvalidInput {
  const first = issues[0] ?? { field: 'input', message: 'is not readable' }
  return {
    type: 'invalid-input',
    message: `${first.field}: ${first.message}`,
    retryable: false,
    field: first.field,
    issues,
  }
}

/** The failure of one field. */
export function invalidField(field: string, message: string): InvalidInput {
  return invalidInput([{ field, message }])
}

/** The failure of who asks for a course that is not there. */
export function courseNotFound(courseId: number): NotFound {
  return {
    type: 'not-found',
    message: `there is no course ${courseId}`,
    retryable: false,
    entity: 'course',
    id: String(courseId),
  }
}
