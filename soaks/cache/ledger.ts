import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

/**
 * The kinds of notes. `read`: a read between `beganAt` and `endedAt` returned `version`. `updated`:
 * a write is about to commit `version`. `degraded`: the write reported that it could not reach
 * Redis. `committed`: its commit returned at `endedAt`. `rolled-back`: it was rolled back on
 * purpose. `seen`: `version` was in the table at `endedAt`. `failed`: a read or a write returned no
 * answer.
 */
export type NoteKind =
  'read' | 'updated' | 'degraded' | 'committed' | 'rolled-back' | 'seen' | 'failed'

/** One note. Times are nanoseconds on the monotonic clock that all processes of a machine share. */
export interface Note {
  kind: NoteKind
  key: number
  version: number
  beganAt: number
  endedAt: number
}

const kinds: readonly NoteKind[] = [
  'read',
  'updated',
  'degraded',
  'committed',
  'rolled-back',
  'seen',
  'failed',
]
const fields = 5

/** The current time in nanoseconds on the clock of the notes. */
export function nowNs(): number {
  return Number(process.hrtime.bigint())
}

/** The notes of one process in a file of its own; notes once written survive a kill. */
export class Ledger {
  readonly #file: number
  readonly #buffer: Float64Array
  #length = 0

  /** `bufferedNotes` is the number of notes written together: 1 where a process may be killed. */
  constructor(path: string, bufferedNotes: number) {
    this.#file = openSync(path, 'a')
    this.#buffer = new Float64Array(bufferedNotes * fields)
  }

  /** Adds a note. */
  note(
    kind: NoteKind,
    key: number,
    version: number,
    times: { beganAt?: number; endedAt?: number } = {},
  ): void {
    const { endedAt = nowNs(), beganAt = endedAt } = times
    this.#buffer.set([kinds.indexOf(kind), key, version, beganAt, endedAt], this.#length)
    this.#length += fields
    if (this.#length === this.#buffer.length) this.flush()
  }

  /** Writes the buffered notes. */
  flush(): void {
    writeSync(
      this.#file,
      new Uint8Array(this.#buffer.buffer, 0, this.#length * Float64Array.BYTES_PER_ELEMENT),
    )
    this.#length = 0
  }

  /** Writes the buffered notes and closes the file. */
  close(): void {
    this.flush()
    closeSync(this.#file)
  }
}

/** The notes of a process, packed. */
export interface Notes {
  /** Name of the process. */
  readonly process: string
  /** Five numbers per note. */
  readonly packed: Float64Array
}

/** Reads a ledger without a last note that a kill cut short. */
export function readNotes(process: string, path: string): Notes {
  const bytes = readFileSync(path)
  const size = fields * Float64Array.BYTES_PER_ELEMENT
  const whole = bytes.length - (bytes.length % size)
  return {
    process,
    packed: new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + whole)),
  }
}

/** Packs notes that were never in a file. */
export function packNotes(process: string, notes: readonly Note[]): Notes {
  return {
    process,
    packed: Float64Array.from(
      notes.flatMap(({ kind, key, version, beganAt, endedAt }) => [
        kinds.indexOf(kind),
        key,
        version,
        beganAt,
        endedAt,
      ]),
    ),
  }
}

/** Iterates over notes; each is the same object with other contents. */
export function* unpack({ packed }: Notes): Generator<Note> {
  const note: Note = { kind: 'read', key: 0, version: 0, beganAt: 0, endedAt: 0 }
  for (let at = 0; at < packed.length; at += fields) {
    note.kind = kinds[packed[at] as number] as NoteKind
    note.key = packed[at + 1] as number
    note.version = packed[at + 2] as number
    note.beganAt = packed[at + 3] as number
    note.endedAt = packed[at + 4] as number
    yield note
  }
}
