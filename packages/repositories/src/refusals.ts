import type { ConstraintViolated, NotFound, VersionConflict } from '@headwater/core'

/** There is no such row. */
export function notFound(entity: string, id: number): NotFound {
  return {
    type: 'not-found',
    message: `there is no ${entity} ${id}`,
    retryable: false,
    entity,
    id: String(id),
  }
}

/** The row has another version than the caller expected. */
export function versionConflict(entity: string, id: number): VersionConflict {
  return {
    type: 'version-conflict',
    message: `${entity} ${id} was changed by somebody else`,
    retryable: false,
    entity,
    id: String(id),
  }
}

/** Whether a failure says that this constraint refused the statement. */
export function isViolationOf<Failure extends { readonly type: string }>(
  failure: Failure,
  constraint: string,
): boolean {
  return (
    failure.type === 'constraint-violated' &&
    (failure as unknown as ConstraintViolated).constraint === constraint
  )
}
