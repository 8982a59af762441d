import { isStorable } from '../input.ts'

const maxDepth = 16
const maxCharacters = 65_536
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * A rule that data breaks, and where.
 */
export interface JsonProblem {
  /** The way to the value. */
  readonly path: readonly PropertyKey[]
  /** The rule. */
  readonly message: string
}

/**
 * Checks that a value is JSON which PostgreSQL and MongoDB keep as it is, and which pollutes no prototype when it is copied: plain objects
 * and arrays, finite numbers, texts without NUL and lone surrogates, keys that begin with no `$` and hold no dot.
 */
export function jsonProblem(value: unknown): JsonProblem | undefined {
  return new JsonWalk().problemOf(value, [])
}

class JsonWalk {
  #characters = 0

  problemOf(value: unknown, path: readonly PropertyKey[]): JsonProblem | undefined {
    if (path.length > maxDepth) return { path, message: `must not be nested deeper than ${maxDepth} levels` }
    if (this.#isTooLong(1)) return { path: [], message: `must not be longer than ${maxCharacters} characters` }
    if (value === null || typeof value === 'boolean') return undefined
    if (typeof value === 'string') return this.#problemOfText(value, path)
    if (typeof value === 'number') return Number.isFinite(value) ? undefined : { path, message: 'must be a finite number' }
    if (Array.isArray(value)) return this.#firstProblem(value.entries(), path)
    if (isPlainObject(value)) return this.#firstProblem(Object.entries(value), path)
    return { path, message: 'must be JSON' }
  }

  #firstProblem(entries: Iterable<readonly [PropertyKey, unknown]>, path: readonly PropertyKey[]): JsonProblem | undefined {
    for (const [key, value] of entries) {
      const problem = this.#problemOfKey(key, path) ?? this.problemOf(value, [...path, key])
      if (problem !== undefined) return problem
    }
    return undefined
  }

  #problemOfKey(key: PropertyKey, path: readonly PropertyKey[]): JsonProblem | undefined {
    if (typeof key !== 'string') return undefined
    if (forbiddenKeys.has(key)) return { path: [...path, key], message: 'must not be the name of a part of every object' }
    if (/^$|^\$|\./.test(key)) return { path: [...path, key], message: 'must not be empty, begin with $ or hold a dot' }
    return this.#problemOfText(key, [...path, key])
  }

  #problemOfText(text: string, path: readonly PropertyKey[]): JsonProblem | undefined {
    if (this.#isTooLong(text.length)) return { path: [], message: `must not be longer than ${maxCharacters} characters` }
    return isStorable(text) ? undefined : { path, message: 'must contain neither NUL nor lone surrogates' }
  }

  #isTooLong(characters: number): boolean {
    this.#characters += characters
    return this.#characters > maxCharacters
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
