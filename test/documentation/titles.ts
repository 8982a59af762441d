/** Whether a test file has a test of this title; a placeholder such as `%s` stands for any text. */
export function hasTitle(source: string, title: string): boolean {
  return stringsOf(source).some((written) => patternOf(written).test(title))
}

function stringsOf(source: string): readonly string[] {
  const literals = source.match(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? []
  return literals.map((literal) => literal.slice(1, -1).replace(/\\(.)/g, '$1'))
}

function patternOf(written: string): RegExp {
  const parts = written.split(/%[sdjio]|\$\{[^}]*\}|\$[a-z]\w*/)
  return new RegExp(`^${parts.map(escape).join('.+')}$`)
}

function escape(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')
}
