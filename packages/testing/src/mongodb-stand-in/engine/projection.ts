import { ServerError, notSupported } from '../server-error.ts'
import { cloneValue, type Document, isDocument, setField } from '../values/document.ts'
import { numberKind, toNumber } from '../values/number.ts'
import { setAt, valueAt } from '../values/path.ts'
import type { Engine } from './engine.ts'
import { expressionOperators } from './expression-operators.ts'

interface Tree {
  [key: string]: Tree | true
}

interface Computed {
  path: string
  expression: unknown
}

interface Plan {
  included: Tree
  excluded: Tree
  computed: Computed[]
  special: Computed[]
  taken: Tree
  keepsId: boolean | undefined
}

/**
 * A projection of find or $project, as a function of a document. Anything unsupported is refused
 * before a document is read.
 */
export function compileProjection(
  specification: unknown,
  engine: Engine,
): (document: Document) => Document {
  if (!isDocument(specification)) throw new ServerError(14, 'projection must be an object')
  const plan: Plan = {
    included: {},
    excluded: {},
    computed: [],
    special: [],
    taken: {},
    keepsId: undefined,
  }
  addFields(plan, specification, '', engine)
  const inclusive = Object.keys(plan.included).length > 0 || plan.computed.length > 0
  const exclusive = Object.keys(plan.excluded).length > 0
  const selective =
    inclusive ||
    plan.special.some(({ expression }) => isDocument(expression) && '$elemMatch' in expression)
  if (selective && !exclusive) for (const { path } of plan.special) addToTree(plan.included, path)
  if (inclusive && exclusive)
    throw new ServerError(31254, 'Cannot do exclusion in inclusion projection')
  const onlyId = plan.keepsId === true && !exclusive && plan.special.length === 0
  return (selective && !exclusive) || onlyId ? including(plan, engine) : excluding(plan, engine)
}

function addFields(plan: Plan, specification: Document, prefix: string, engine: Engine): void {
  for (const [key, value] of Object.entries(specification)) {
    const path = prefix + key
    if (key.startsWith('$')) {
      throw new ServerError(
        16410,
        `FieldPath field names may not start with '$'. Consider using $getField`,
      )
    }
    if (key.split('.').includes('$')) throw notSupported('the positional projection')
    addField(plan, path, { value, engine })
  }
}

function addField(
  plan: Plan,
  path: string,
  { value, engine }: { value: unknown; engine: Engine },
): void {
  const flag =
    typeof value === 'boolean'
      ? value
      : numberKind(value) === undefined
        ? undefined
        : toNumber(value) !== 0
  if (flag !== undefined) return addFlag(plan, path, flag)
  if (!isDocument(value)) return addComputed(plan, path, { value, engine })
  const [operator = ''] = Object.keys(value)
  if (operator === '') throw new ServerError(51270, 'An empty sub-projection is not a valid value.')
  if (operator === '$elemMatch' || (operator === '$slice' && isFindSlice(value['$slice']))) {
    addToTree(plan.taken, path)
    plan.special.push({ path, expression: value })
  } else if (operator.startsWith('$') && !Object.hasOwn(expressionOperators, operator)) {
    throw new ServerError(31325, `Unknown expression ${operator}`)
  } else if (operator.startsWith('$')) addComputed(plan, path, { value, engine })
  else addFields(plan, value, `${path}.`, engine)
}

function addFlag(plan: Plan, path: string, include: boolean): void {
  addToTree(plan.taken, path)
  if (path === '_id') plan.keepsId = include
  else addToTree(include ? plan.included : plan.excluded, path)
}

function addComputed(
  plan: Plan,
  path: string,
  { value, engine }: { value: unknown; engine: Engine },
): void {
  engine.check(value)
  addToTree(plan.taken, path)
  plan.computed.push({ path, expression: value })
}

function isFindSlice(argument: unknown): boolean {
  return (
    numberKind(argument) !== undefined ||
    (Array.isArray(argument) && argument.every((part) => numberKind(part) !== undefined))
  )
}

function addToTree(tree: Tree, path: string): void {
  const [head = '', ...rest] = path.split('.')
  const existing = Object.hasOwn(tree, head) ? tree[head] : undefined
  if (existing === true || (existing !== undefined && rest.length === 0)) {
    throw new ServerError(31249, `Path collision at ${path}`)
  }
  if (rest.length === 0) return void (tree[head] = true)
  const branch = existing ?? {}
  tree[head] = branch
  addToTree(branch, rest.join('.'))
}

function including(plan: Plan, engine: Engine): (document: Document) => Document {
  const withoutId = plan.keepsId === false || plan.computed.some(({ path }) => path === '_id')
  const tree: Tree = withoutId ? plan.included : { _id: true, ...plan.included }
  return (document) => {
    const result = keep(document, tree) as Document
    for (const { path, expression } of plan.computed) {
      setComputed(result, path.split('.'), engine.evaluate(document, expression))
    }
    return withSpecial(plan.special, { document, result, engine })
  }
}

/**
 * A computed field replaces every non-document on its path by a document, even when it has no value
 * itself.
 */
function setComputed(target: unknown, [part = '', ...rest]: string[], value: unknown): void {
  if (Array.isArray(target))
    return target.forEach((item) => setComputed(item, [part, ...rest], value))
  if (!isDocument(target)) return
  if (rest.length > 0) {
    if (!isDocument(target[part]) && !Array.isArray(target[part])) target[part] = {}
    setComputed(target[part], rest, value)
  } else if (value !== undefined) setField(target, part, value)
}

function excluding(plan: Plan, engine: Engine): (document: Document) => Document {
  const tree: Tree = plan.keepsId === false ? { _id: true, ...plan.excluded } : plan.excluded
  return (document) =>
    withSpecial(plan.special, { document, result: drop(document, tree) as Document, engine })
}

function keep(value: unknown, tree: Tree): unknown {
  if (Array.isArray(value))
    return value
      .filter((item) => isDocument(item) || Array.isArray(item))
      .map((item) => keep(item, tree))
  if (!isDocument(value)) return undefined
  const result: Document = {}
  for (const [key, field] of Object.entries(value)) {
    const branch = Object.hasOwn(tree, key) ? tree[key] : undefined
    if (branch === undefined) continue
    const kept = branch === true ? field : keep(field, branch)
    if (kept !== undefined) setField(result, key, kept)
  }
  return result
}

function drop(value: unknown, tree: Tree): unknown {
  if (Array.isArray(value)) return value.map((item) => drop(item, tree))
  if (!isDocument(value)) return value
  const result: Document = {}
  for (const [key, field] of Object.entries(value)) {
    const branch = Object.hasOwn(tree, key) ? tree[key] : undefined
    if (branch !== true) setField(result, key, branch === undefined ? field : drop(field, branch))
  }
  return result
}

function withSpecial(
  special: Computed[],
  context: { document: Document; result: Document; engine: Engine },
): Document {
  for (const { path, expression } of special) {
    const value = valueAt(context.document, path)
    if (!Array.isArray(value)) continue
    const operator = expression as Document
    const isSlice = '$slice' in operator
    const replacement = isSlice
      ? slice(value, operator['$slice'])
      : firstMatch(value, operator['$elemMatch'], context.engine)
    if (replacement === undefined) delete context.result[path]
    else setAt(ownBranch(context.result, path), path, replacement)
  }
  return context.result
}

function ownBranch(result: Document, path: string): Document {
  const [top = ''] = path.split('.')
  result[top] = cloneValue(result[top])
  return result
}

function slice(array: unknown[], argument: unknown): unknown[] {
  const [first = 0, second] = (Array.isArray(argument) ? argument : [argument]).map(
    (part) => toNumber(part) ?? 0,
  )
  if (second === undefined) return first < 0 ? array.slice(first) : array.slice(0, first)
  const start = first < 0 ? Math.max(0, array.length + first) : first
  return array.slice(start, start + second)
}

function firstMatch(array: unknown[], condition: unknown, engine: Engine): unknown[] | undefined {
  const test = engine.filter({ value: { $elemMatch: condition } })
  const found = array.find((item) => test({ value: [item] }))
  return found === undefined ? undefined : [found]
}
