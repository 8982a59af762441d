import { closeSync, openSync, writeSync } from 'node:fs'

/** The assignment of a process of the soak. */
export interface Assignment {
  /** The name of the process in its events; unique. */
  readonly name: string
  /** The ledger; a written note survives SIGKILL. */
  readonly ledgerPath: string
  readonly postgresUrl: string
  readonly redisUrl: string
  readonly mongodbUrl: string
  readonly database: string
}

/** The ledger of a process. */
export interface Notes {
  readonly name: string
  /** The number of recorded events; their numbers begin at 0. */
  readonly recorded: number
  /** Durable events whose commit was acknowledged. */
  readonly durable: readonly number[]
  /** The number of entries that the SDK reported as dropped. */
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

/** Reads a ledger, without a line that a kill has cut short. */
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
