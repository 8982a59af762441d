import { copyOf, jsonOriginal, type JsonOriginal } from '../../json/json-copy.ts'
import { payloadOf } from '../entry.ts'
import { isPlain } from './plain-value.ts'

/** What the copies of a decoded value are made from. */
export interface DecodedValue {
  readonly original: JsonOriginal
  /** Whether the original has been decoded. Otherwise each copy is. */
  readonly isDecoded: boolean
}

/** Turns parsed JSON into a value. */
export type Decode = (json: unknown) => unknown

/** The value of a row that exists, from the text of its entry. Throws what `decode` throws. */
export function decodedFrom(raw: string, decode: Decode): unknown {
  return decode(JSON.parse(payloadOf(raw)))
}

/**
 * Prepares what was decoded from an entry to be copied many times; `undefined` when it is nested
 * too deeply. A value that is more than its fields is decoded anew for each reader.
 */
export function decodedValue(value: unknown, raw: string): DecodedValue | undefined {
  // A date as a whole is an object without fields.
  const isDecoded = isPlain(value) && !(value instanceof Date)
  // The codec may have changed what it was given.
  const original = jsonOriginal(isDecoded ? value : JSON.parse(payloadOf(raw)))
  return original === undefined ? undefined : { original, isDecoded }
}

/** A copy that shares nothing with any other. Throws what `decode` throws. */
export function copyOfDecoded({ original, isDecoded }: DecodedValue, decode: Decode): unknown {
  const copy = copyOf(original)
  return isDecoded ? copy : decode(copy)
}
