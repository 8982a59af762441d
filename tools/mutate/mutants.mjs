// Small faults of a source: of its TypeScript by the syntax tree, of its Lua line by line.
import ts from 'typescript'

/**
 * Every mutant of a source: the line it is on, and the text that replaces `original` from `start`.
 */
export function mutantsOf(text) {
  const file = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true)
  const found = []
  const add = (start, original, replacement) =>
    found.push({
      start,
      original,
      replacement,
      line: file.getLineAndCharacterOfPosition(start).line + 1,
    })
  const visit = (node) => {
    if (isScript(node)) luaMutants(node.arguments[0], add)
    else {
      mutateNode(node, file, add)
      ts.forEachChild(node, visit)
    }
  }
  visit(file)
  return found
}

/** Applies a mutant to the source it was made of. */
export function applyMutant(text, { start, original, replacement }) {
  return text.slice(0, start) + replacement + text.slice(start + original.length)
}

const operators = new Map([
  ['===', '!=='],
  ['!==', '==='],
  ['<', '<='],
  ['<=', '<'],
  ['>', '>='],
  ['>=', '>'],
  ['&&', '||'],
  ['||', '&&'],
  ['+', '-'],
  ['-', '+'],
])

function mutateNode(node, file, add) {
  const textOf = (part) => part.getText(file)
  if (ts.isBinaryExpression(node)) {
    const operator = textOf(node.operatorToken)
    const other = operators.get(operator)
    if (other !== undefined) add(node.operatorToken.getStart(file), operator, other)
  } else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    add(node.getStart(file), '!', '')
  } else if (node.kind === ts.SyntaxKind.TrueKeyword) add(node.getStart(file), 'true', 'false')
  else if (node.kind === ts.SyntaxKind.FalseKeyword) add(node.getStart(file), 'false', 'true')
  else if (ts.isExpressionStatement(node) && !isSuperCall(node))
    add(node.getStart(file), textOf(node), 'void 0')
  else if (ts.isIfStatement(node) && node.elseStatement === undefined)
    add(node.expression.getStart(file), textOf(node.expression), 'false as boolean')
}

function isSuperCall({ expression }) {
  return (
    ts.isCallExpression(expression) && expression.expression.kind === ts.SyntaxKind.SuperKeyword
  )
}

function isScript(node) {
  return (
    ts.isCallExpression(node) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'redisScript'
  )
}

const luaOperators = [
  [/==/g, '~='],
  [/~=/g, '=='],
  [/(?<![<>~=])<(?!=)/g, '<='],
  [/<=/g, '<'],
  [/(?<![<>~=])>(?!=)/g, '>='],
  [/>=/g, '>'],
  [/\band\b/g, 'or'],
  [/\bor\b/g, 'and'],
  [/\bnot /g, ''],
  [/(?<=return |\{ )[01]\b/g, (digit) => (digit === '0' ? '1' : '0')],
  [/ \+ /g, ' - '],
  [/ - /g, ' + '],
]

/** A line that is one statement is also left out. */
const luaStatement = /^\s*redis\.call\(.*\)$/

function luaMutants(template, add) {
  const lines = template.getText().split('\n')
  let start = template.getStart()
  for (const line of lines) {
    for (const [pattern, replacement] of luaOperators)
      for (const match of line.matchAll(pattern))
        add(
          start + match.index,
          match[0],
          typeof replacement === 'string' ? replacement : replacement(match[0]),
        )
    if (luaStatement.test(line)) add(start, line, '')
    start += line.length + 1
  }
}
