import { isStorable } from '@headwater/core'
import type { Json } from '@headwater/core'

const maxDepth = 16
const maxCharacters = 65_536
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype'])

/** A rule that data breaks. */
export interface JsonProblem {
  /** The path to the value. */
  readonly path: readonly PropertyKey[]
  /** The rule. */
  readonly message: string
}

/**
 * The first rule that a value breaks. Accepted is JSON that PostgreSQL and MongoDB store unchanged
 * and that pollutes no prototype when it is copied: plain objects and arrays, finite numbers, texts
 * without NUL and lone surrogates, keys that do not begin with `$` and hold no dot.
 */
export function jsonProblem(value: unknown): JsonProblem | undefined {
  return new JsonWalk().problemOf(value, [])
}

class JsonWalk {
  #characters = 0

  problemOf(value: unknown, path: readonly PropertyKey[]): JsonProblem | undefined {
    if (path.length > maxDepth)
      return { path, message: `must not be nested deeper than ${maxDepth} levels` }
    if (this.#isTooLong(1))
      return { path: [], message: `must not be longer than ${maxCharacters} characters` }
    if (value === null || typeof value === 'boolean') return undefined
    if (typeof value === 'string') return this.#problemOfText(value, path)
    if (typeof value === 'number')
      return Number.isFinite(value) ? undefined : { path, message: 'must be a finite number' }
    if (Array.isArray(value)) return this.#firstProblem(value.entries(), path)
    if (isPlainObject(value)) return this.#firstProblem(Object.entries(value), path)
    return { path, message: 'must be JSON' }
  }

  #firstProblem(
    entries: Iterable<readonly [PropertyKey, unknown]>,
    path: readonly PropertyKey[],
  ): JsonProblem | undefined {
    for (const [key, value] of entries) {
      const problem = this.#problemOfKey(key, path) ?? this.problemOf(value, [...path, key])
      if (problem !== undefined) return problem
    }
    return undefined
  }

  #problemOfKey(key: PropertyKey, path: readonly PropertyKey[]): JsonProblem | undefined {
    if (typeof key !== 'string') return undefined
    if (forbiddenKeys.has(key))
      return { path: [...path, key], message: 'must not be the name of a member of every object' }
    if (isNoFieldName(key))
      return { path: [...path, key], message: 'must not be empty, begin with $ or hold a dot' }
    return this.#problemOfText(key, [...path, key])
  }

  #problemOfText(text: string, path: readonly PropertyKey[]): JsonProblem | undefined {
    if (this.#isTooLong(text.length))
      return { path: [], message: `must not be longer than ${maxCharacters} characters` }
    return isStorable(text)
      ? undefined
      : { path, message: 'must contain neither NUL nor lone surrogates' }
  }

  #isTooLong(characters: number): boolean {
    this.#characters += characters
    return this.#characters > maxCharacters
  }
}

const maxKnownKeys = 4_096
const maxKnownKeyLength = 64

/**
 * Copies JSON in which {@link jsonProblem} finds no problem, and nothing else, in one walk that is
 * fast for the small objects of events. Later changes by the caller do not reach the copy.
 */
export class JsonCopier {
  readonly #goodKeys = new Set<string>()
  #charactersLeft = 0

  /** The copy of an object, or `undefined` when it breaks a rule. */
  copyOf(value: object): Readonly<Record<string, Json>> | undefined {
    this.#charactersLeft = maxCharacters - 1
    return Array.isArray(value) ? undefined : this.#copyOfObject(value, 0)
  }

  #copyOfObject(value: object, depth: number): Record<string, Json> | undefined {
    if (!isPlainObject(value)) return undefined
    const copy: Record<string, unknown> = { ...value }
    for (const key in copy) {
      if (!this.#isGoodKey(key)) return undefined
      const member = copy[key]
      const copied = this.#copyOfMember(member, depth + 1)
      if (copied === undefined) return undefined
      if (copied !== member) copy[key] = copied
    }
    return copy as Record<string, Json>
  }

  #copyOfArray(value: readonly unknown[], depth: number): Json[] | undefined {
    const copy: Json[] = []
    for (let index = 0; index < value.length; index += 1) {
      const copied = this.#copyOfMember(value[index], depth + 1)
      if (copied === undefined) return undefined
      copy.push(copied)
    }
    return copy
  }

  #copyOfMember(value: unknown, depth: number): Json | undefined {
    if (depth > maxDepth || !this.#hasRoomFor(1)) return undefined
    if (typeof value === 'string')
      return this.#hasRoomFor(value.length) && isStorable(value) ? value : undefined
    if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
    if (typeof value === 'boolean' || value === null) return value
    if (typeof value !== 'object') return undefined
    return Array.isArray(value) ? this.#copyOfArray(value, depth) : this.#copyOfObject(value, depth)
  }

  #isGoodKey(key: string): boolean {
    if (!this.#hasRoomFor(key.length)) return false
    if (this.#goodKeys.has(key)) return true
    if (forbiddenKeys.has(key) || isNoFieldName(key) || !isStorable(key)) return false
    if (this.#goodKeys.size < maxKnownKeys && key.length <= maxKnownKeyLength)
      this.#goodKeys.add(key)
    return true
  }

  #hasRoomFor(characters: number): boolean {
    this.#charactersLeft -= characters
    return this.#charactersLeft >= 0
  }
}

function isNoFieldName(key: string): boolean {
  return /^$|^\$|\./.test(key)
}

/** Whether an object has no fields but these. */
export function hasOnly(value: object, fields: ReadonlySet<string>): boolean {
  for (const field in value) if (!fields.has(field)) return false
  return true
}

/** Whether a value is a plain object. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
