/** All that may be said of a statement without its text: none of these was looked for. */
const commands: ReadonlySet<string> = new Set([
  ...['select', 'insert', 'update', 'delete', 'merge', 'with', 'values', 'table', 'copy', 'call'],
  ...['begin', 'start', 'commit', 'end', 'rollback', 'abort', 'savepoint', 'release', 'prepare'],
  ...['execute', 'deallocate', 'declare', 'fetch', 'move', 'close', 'listen', 'unlisten', 'notify'],
  ...['create', 'alter', 'drop', 'truncate', 'comment', 'grant', 'revoke', 'reindex', 'refresh'],
  ...[
    'analyze',
    'vacuum',
    'cluster',
    'checkpoint',
    'lock',
    'do',
    'set',
    'reset',
    'show',
    'explain',
  ],
])

/** What may stand in front of the first word. */
const preamble = /^(?:[\s(]+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/

/**
 * The first word of a statement, and the tables that its transaction has locked. Nothing else of
 * its text: where a literal begins and ends, only the server knows.
 */
export function shortStatement(text: string, tables: readonly string[]): string {
  const word = /^[a-z]+/i.exec(text.replace(preamble, ''))?.[0].toLowerCase() ?? ''
  const command = commands.has(word) ? word : 'statement'
  return tables.length === 0 ? command : `${command} ${tables.join(', ')}`
}
