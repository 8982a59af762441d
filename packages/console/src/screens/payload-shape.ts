import type { Json } from '@headwater/core'

/** What a program names a field; an address or a text of a user is none. */
const fieldName = /^[A-Za-z_][\w-]{0,63}$/

/**
 * A payload without its values: each field with the kind of its value. The fields of a map whose
 * keys are values themselves (`{ "ada@example.com": … }`) stand as one, named `…`.
 */
export function payloadShape(payload: Json): unknown {
  if (payload === null) return 'null'
  if (Array.isArray(payload)) return payload.slice(0, 1).map(payloadShape)
  if (typeof payload !== 'object') return typeof payload
  return Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [
      fieldName.test(name) ? name : '…',
      payloadShape(value),
    ]),
  )
}
