import type { ConstraintViolated, NotFound, VersionConflict } from './errors.ts'

/** There is no such row. */
export function notFound(entity: string, id: number | string): NotFound {
  return {
    type: 'not-found',
    message: `there is no ${entity} ${id}`,
    retryable: false,
    entity,
    id: String(id),
  }
}

/** The row has another version than the caller expected. */
export function versionConflict(entity: string, id: number | string): VersionConflict {
  return {
    type: 'version-conflict',
    message: `${entity} ${id} was changed since it was read`,
    retryable: false,
    entity,
    id: String(id),
  }
}

/** Whether a failure says that this constraint refused the statement. */
export function isViolationOf<F extends { readonly type: string }>(
  failure: F,
  constraint: string,
): boolean {
  return (
    failure.type === 'constraint-violated' &&
    (failure as unknown as ConstraintViolated).constraint === constraint
  )
}
