/** The metrics and labels that an expression of PromQL names. */
export function namesIn(expression: string): { metrics: string[]; labels: string[] } {
  const bare = expression.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
  const groups = /\b(?:by|without|on|ignoring)\s*\(([^)]*)\)|\{([^}]*)\}/g
  const labels = [...bare.matchAll(groups)].flatMap(([, names = '', matchers = '']) => [
    ...(names.match(/\w+/g) ?? []),
    ...[...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, name = '']) => name),
  ])
  const rest = bare.replaceAll(groups, ' ')
  const metrics = rest.match(/\b(?:headwater|db_client|gen_ai|process|nodejs)_\w+/g) ?? []
  return { metrics: [...new Set(metrics)], labels: [...new Set(labels)] }
}

/** Names of the metrics that have a value in a scrape, and of all labels. */
export function namesScraped(text: string): { metrics: Set<string>; labels: Set<string> } {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const metrics = new Set(lines.map((line) => /^\w+/.exec(line)?.[0] ?? ''))
  const labels = new Set(lines.flatMap((line) => line.match(/\w+(?==")/g) ?? []))
  return { metrics, labels }
}
