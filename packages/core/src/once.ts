/**
 * Makes a value at its first use and keeps it. Every schema is built so: built at import, all of
 * them would cost each start as much time as loading the code.
 *
 * @internal
 */
export function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
