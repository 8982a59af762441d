import type { Index } from '@pinecone-database/pinecone'

/**
 * The index with a `deleteMany` that cannot be misunderstood: an array, which the client's types
 * let pass, would be sent as a deletion without ids.
 */
export function guardDeletes(index: Index): Index {
  return new Proxy(index, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      const call = member.bind(target) as (...values: unknown[]) => unknown
      if (name === 'deleteMany')
        return (...values: unknown[]) =>
          namesWhatToDelete(values[0])
            ? call(...values)
            : Promise.reject(new TypeError('deleteMany takes { ids: […] } or { filter: {…} }'))
      if (name === 'namespace')
        return (...values: unknown[]) => guardDeletes(call(...values) as Index)
      return call
    },
  })
}

function namesWhatToDelete(options: unknown): boolean {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return false
  const { ids, filter } = options as { ids?: unknown; filter?: unknown }
  return (
    (Array.isArray(ids) && ids.length > 0) ||
    (typeof filter === 'object' && filter !== null && Object.keys(filter).length > 0)
  )
}
