import type { Clock } from '@headwater/core'
import { Engine } from '../engine/engine.ts'
import { ServerError } from '../server-error.ts'
import type { Collection } from '../store/collection.ts'
import type { MongodbStore } from '../store/mongodb-store.ts'
import { type Document, isDocument } from '../values/document.ts'
import { toNumber } from '../values/number.ts'
import type { Cursors } from './cursors.ts'

/** The context of a command: the data, the open cursors, its connection and its database. */
export interface CommandContext {
  store: MongodbStore
  cursors: Cursors
  clock: Clock
  connectionId: number
  database: string
}

/** A command: the fields it knows and what it does. Any other field is an error. */
export interface Command {
  fields: readonly string[]
  run(command: Document, context: CommandContext): Document
}

/** The collection that a command names in its first field. */
export function collectionName(command: Document): string {
  const [verb = ''] = Object.keys(command)
  const name = command[verb]
  if (typeof name !== 'string' || name === '')
    throw new ServerError(73, `Invalid namespace specified for '${verb}'`)
  return name
}

/** The collection that a command names, or undefined when it does not exist. */
export function collectionOf(command: Document, context: CommandContext): Collection | undefined {
  return context.store.find(context.database, collectionName(command))
}

/** The namespace that a command names. */
export function namespaceOf(command: Document, context: CommandContext): string {
  return `${context.database}.${collectionName(command)}`
}

/**
 * The engine for one command: its `let` variables, the collections its pipelines may name, and its
 * time limit.
 */
export function engineFor(command: Document, context: CommandContext): Engine {
  const { clock } = context
  const limitMs = toNumber(command['maxTimeMS']) ?? 0
  const startedMs = clock.monotonic()
  return new Engine({
    clock,
    variables: documentField(command, 'let', {}),
    collection: (name) => context.store.find(context.database, name)?.all() ?? [],
    interrupt: () => {
      if (limitMs > 0 && clock.monotonic() - startedMs > limitMs)
        throw new ServerError(50, 'operation exceeded time limit')
    },
  })
}

/** The documents that match a filter, in the order of insertion. */
export function matching(
  collection: Collection | undefined,
  filter: Document,
  engine: Engine,
): Document[] {
  const test = engine.filter(filter)
  return collection === undefined ? [] : collection.candidates(filter).filter(test)
}

/** A field of a command that must be an object. */
export function documentField(command: Document, name: string, otherwise: Document): Document {
  const value = command[name] ?? otherwise
  if (isDocument(value)) return value
  throw new ServerError(14, `BSON field '${name}' is the wrong type, expected type 'object'`)
}

/** A field of a command that must be an array of objects. */
export function documentsField(command: Document, name: string): Document[] {
  const value = command[name]
  if (Array.isArray(value) && value.every(isDocument)) return value
  throw new ServerError(
    value === undefined ? 40414 : 14,
    `BSON field '${name}' is missing or no array of objects`,
  )
}

/** A field of a command that must be a whole number from zero on; undefined when it is missing. */
export function countField(command: Document, name: string): number | undefined {
  const value = command[name]
  if (value === undefined || value === null) return undefined
  const number = toNumber(value)
  if (number === undefined)
    throw new ServerError(14, `BSON field '${name}' is the wrong type, expected a number`)
  if (!(number >= 0))
    throw new ServerError(
      51024,
      `BSON field '${name}' value must be >= 0, actual value '${number}'`,
    )
  return Math.trunc(number)
}

/** Whether an optional flag of a command is set. */
export function flagField(command: Document, name: string, otherwise = false): boolean {
  const value = command[name]
  if (value === undefined || value === null) return otherwise
  return typeof value === 'boolean' ? value : toNumber(value) !== 0
}

/** Rejects options of a command that would change its answer and are not implemented. */
export function refuse(command: Document, ...names: string[]): void {
  const used = names.find(
    (name) => command[name] !== undefined && command[name] !== false && command[name] !== null,
  )
  if (used !== undefined)
    throw new ServerError(238, `the option '${used}' is not supported by this stand-in`)
}
