/** Whether a failure says that a store could not be asked, rather than that it refused. */
export function isOutage(failure: { readonly type: string }): boolean {
  return failure.type === 'store-unavailable' || failure.type === 'deadline-exceeded'
}
