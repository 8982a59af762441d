import { createHash } from 'node:crypto'

/** A statement as it is sent. */
export interface Statement {
  /** The text, with the schema's name put in. */
  readonly text: string
  /** The name it is prepared under; absent for statements that are not prepared. */
  readonly name?: string
  /** Its name in diagnostics and failures: first keyword and table. */
  readonly operation: string
}

/**
 * Texts that are remembered and prepared per store. A server keeps every prepared statement of a
 * connection, so texts beyond that are sent unprepared.
 */
const maxPrepared = 500

/** Stands alone or at the start of a literal; `me@schema.org` is an address. */
const schemaMark = /(?<![\w.@])('?)@schema\./g

/**
 * In front of a statement that may only read: pgpool would send it to a standby, which lags behind
 * what was committed. For every server it is a comment.
 */
const toThePrimary = '/*NO LOAD BALANCE*/ '

/** What may stand in front of the first keyword. By itself, so that no part is tried twice. */
const preamble = /^(?:[\s(]+|--[^\n]*\n|\/\*[\s\S]*?\*\/)+/

/** Whether a statement may be a read, as which a balancer would take it. */
function mayOnlyRead(text: string): boolean {
  // A hint for the planner counts as the first comment only.
  if (text.includes('/*+')) return false
  return /^(?:select|with|values|table)\b/i.test(text.replace(preamble, ''))
}

/**
 * Turns the SDK's statement texts into what is sent: `@schema.` becomes the quoted schema, a read
 * is kept on the primary, and texts with parameters get the name of a prepared statement derived
 * from the text.
 */
export class Statements {
  readonly #prefix: string
  readonly #prepare: boolean
  readonly #known = new Map<string, Statement>()

  constructor(schema: string, prepare: boolean) {
    this.#prefix = `${quoteIdentifier(schema)}.`
    this.#prepare = prepare
  }

  /** The statement for a text; remembered for texts with parameters. */
  of(text: string, hasValues: boolean): Statement {
    const known = this.#known.get(text)
    if (known !== undefined && hasValues) return known
    const qualified = this.#qualified(text)
    const plain = { text: qualified, operation: operationOf(text) }
    if (!hasValues || this.#known.size >= maxPrepared) return plain
    const statement = this.#prepare ? { ...plain, name: preparedName(qualified) } : plain
    this.#known.set(text, statement)
    return statement
  }

  #qualified(text: string): string {
    const routed = mayOnlyRead(text) ? toThePrimary + text : text
    if (!routed.includes('@schema.')) return routed
    return routed.replace(schemaMark, (_, quote: string) =>
      quote === '' ? this.#prefix : `'${this.#prefix.replaceAll("'", "''")}`,
    )
  }
}

/** An identifier as it stands in a statement. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function preparedName(text: string): string {
  return `hw_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`
}

function operationOf(text: string): string {
  const bare = text.replace(/^(?:\s+|--[^\n]*\n|\/\*[\s\S]*?\*\/)+/, '')
  const keyword = /^[a-z]+/i.exec(bare)?.[0].toLowerCase() ?? 'statement'
  const table =
    /\b(?:from|into|update|table)\s+(?:only\s+)?(?:@schema\.|"[^"]+"\.|\w+\.)?"?(\w+)/i.exec(
      bare,
    )?.[1]
  return table === undefined ? keyword : `${keyword} ${table.toLowerCase()}`
}
