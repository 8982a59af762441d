import { closeSync, openSync, writeSync } from 'node:fs'

/** What a process of the soak is told to do. */
export interface Assignment {
  /** Names the process in its events: no other has had it. */
  readonly name: string
  /** Where it notes what it did; what is noted survives SIGKILL. */
  readonly ledgerPath: string
  readonly postgresUrl: string
  readonly redisUrl: string
  readonly mongodbUrl: string
  readonly database: string
}

/** What a process noted down. */
export interface Notes {
  readonly name: string
  /** How many events it recorded: 0 to this less one. */
  readonly recorded: number
  /** Durable events whose commit was acknowledged. */
  readonly durable: readonly number[]
  /** How many entries the SDK said it dropped. */
  readonly dropped: number
  /** Whether it ended by itself. */
  readonly hasClosed: boolean
}

/** The ledger as its process writes it. */
export class Ledger {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  note(kind: 'recorded' | 'durable' | 'dropped' | 'closed', value: number): void {
    writeSync(this.#file, `${kind} ${value}\n`)
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** Reads a ledger; a line that was cut off by a kill counts for nothing. */
export function readNotes(name: string, text: string): Notes {
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .map((line) => line.split(' '))
  const valuesOf = (kind: string) =>
    lines.filter(([of]) => of === kind).map(([, value]) => Number(value))
  return {
    name,
    recorded: valuesOf('recorded').at(-1) ?? 0,
    durable: valuesOf('durable'),
    dropped: valuesOf('dropped').reduce((sum, count) => sum + count, 0),
    hasClosed: valuesOf('closed').length > 0,
  }
}
