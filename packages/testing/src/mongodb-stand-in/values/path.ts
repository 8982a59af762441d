import { ServerError } from '../server-error.ts'
import { type Document, fieldOf, isDocument, setField } from './document.ts'

/**
 * The values that a query path reaches, arrays on the way expanded. A missing field is undefined;
 * an array without embedded documents contributes nothing.
 */
export function valuesAt(document: unknown, path: string): unknown[] {
  if (!path.includes('.') && isDocument(document)) return [fieldOf(document, path)]
  const found: unknown[] = []
  collect(document, path.split('.'), found)
  return found
}

/**
 * The value at a path of embedded documents and array positions; undefined when the path leads
 * nowhere.
 */
export function valueAt(document: unknown, path: string): unknown {
  let value = document
  for (const part of path.split('.')) {
    if (Array.isArray(value)) value = isIndex(part) ? value[Number(part)] : undefined
    else value = isDocument(value) ? fieldOf(value, part) : undefined
  }
  return value
}

/**
 * Sets the value at a path, creating embedded documents on the way. The document is changed in
 * place.
 */
export function setAt(document: Document, path: string, value: unknown): void {
  const parts = path.split('.')
  const last = parts.pop() ?? ''
  let target: unknown = document
  for (const part of parts) target = child(target, part, path)
  assign(target, last, { path, value })
}

/**
 * Removes the field at a path, in place; a position of an array becomes null. False when there was
 * nothing.
 */
export function removeAt(document: Document, path: string): boolean {
  const parts = path.split('.')
  const last = parts.pop() ?? ''
  const parent = parts.length === 0 ? document : valueAt(document, parts.join('.'))
  if (Array.isArray(parent) && isIndex(last) && Number(last) < parent.length) {
    parent[Number(last)] = null
    return true
  }
  return isDocument(parent) && Object.hasOwn(parent, last) && delete parent[last]
}

/** Whether a part of a path is a position in an array. */
export function isIndex(part: string): boolean {
  return /^\d+$/.test(part)
}

function collect(value: unknown, parts: string[], found: unknown[]): void {
  const [part, ...rest] = parts
  if (part === undefined) found.push(value)
  else if (Array.isArray(value)) collectFromArray(value, parts, found)
  else collect(isDocument(value) ? fieldOf(value, part) : undefined, rest, found)
}

function collectFromArray(array: unknown[], parts: string[], found: unknown[]): void {
  const [part = '', ...rest] = parts
  if (isIndex(part) && Number(part) < array.length) collect(array[Number(part)], rest, found)
  for (const element of array) if (isDocument(element)) collect(element, parts, found)
}

function child(target: unknown, part: string, path: string): unknown {
  const existing = Array.isArray(target)
    ? (target[Number(part)] as unknown)
    : isDocument(target)
      ? fieldOf(target, part)
      : undefined
  if (Array.isArray(existing) || isDocument(existing)) return existing
  if (existing !== undefined) throw notViable(part, path)
  const created: Document = {}
  assign(target, part, { path, value: created })
  return created
}

function assign(
  target: unknown,
  part: string,
  { path, value }: { path: string; value: unknown },
): void {
  if (isDocument(target)) return setField(target, part, value)
  if (!Array.isArray(target) || !isIndex(part)) throw notViable(part, path)
  const index = Number(part)
  if (index > target.length + 1_500_000)
    throw new ServerError(2, `can't backfill more than 1500000 elements`)
  while (target.length < index) target.push(null)
  target[index] = value
}

function notViable(part: string, path: string): ServerError {
  return new ServerError(28, `Cannot create field '${part}' in the element at path '${path}'`)
}
