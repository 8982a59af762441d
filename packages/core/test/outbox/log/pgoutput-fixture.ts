/** A table as pgoutput announces it before its first row. */
export interface Relation {
  readonly table: string
  readonly columns: readonly { readonly name: string; readonly typeId: number }[]
}

/** What one message of pgoutput says, of those that a publication of inserts has. */
export type Decoded =
  | { readonly kind: 'insert'; readonly table: string; readonly row: Row }
  | { readonly kind: 'message'; readonly prefix: string }
  | { readonly kind: 'other'; readonly type: string }

/** The values of a row by column, as PostgreSQL writes them. */
export type Row = Readonly<Record<string, string | null>>

/**
 * Reads messages of pgoutput, version 1 of its protocol.
 *
 * @see https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 */
export class PgoutputReader {
  readonly relations = new Map<number, Relation>()

  read(message: Buffer): Decoded {
    const bytes = new Bytes(message)
    const type = bytes.char()
    if (type === 'R') this.#relation(bytes)
    if (type === 'I') return this.#insert(bytes)
    if (type === 'M') {
      bytes.skip(1 + 8)
      return { kind: 'message', prefix: bytes.text() }
    }
    return { kind: 'other', type }
  }

  #relation(bytes: Bytes): void {
    const id = bytes.int32()
    const table = `${bytes.text()}.${bytes.text()}`
    bytes.skip(1)
    const columns = Array.from({ length: bytes.int16() }, () => {
      bytes.skip(1)
      const column = { name: bytes.text(), typeId: bytes.int32() }
      bytes.skip(4)
      return column
    })
    this.relations.set(id, { table, columns })
  }

  #insert(bytes: Bytes): Decoded {
    const relation = this.relations.get(bytes.int32())
    if (relation === undefined) throw new Error('a row of a table that was not announced')
    bytes.skip(1 + 2)
    const values = relation.columns.map(({ name }) => [name, bytes.value()] as const)
    return { kind: 'insert', table: relation.table, row: Object.fromEntries(values) }
  }
}

class Bytes {
  readonly #buffer: Buffer
  #at = 0

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  skip(count: number): void {
    this.#at += count
  }

  char(): string {
    return this.#take(1).toString('latin1')
  }

  int16(): number {
    return this.#take(2).readInt16BE()
  }

  int32(): number {
    return this.#take(4).readInt32BE()
  }

  text(): string {
    const end = this.#buffer.indexOf(0, this.#at)
    const text = this.#buffer.toString('utf8', this.#at, end)
    this.#at = end + 1
    return text
  }

  value(): string | null {
    const kind = this.char()
    if (kind === 'n') return null
    if (kind !== 't') throw new Error(`a value of the kind "${kind}", which no insert has`)
    return this.#take(this.int32()).toString('utf8')
  }

  #take(count: number): Buffer {
    this.#at += count
    return this.#buffer.subarray(this.#at - count, this.#at)
  }
}
