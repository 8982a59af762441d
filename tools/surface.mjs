// The public surface of the packages as their built declarations state it.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { packages } from './packages.mjs'

const root = path.join(import.meta.dirname, '..')

/** Every entry of every package: its specifier, and the built files behind it by module format. */
export function entries() {
  return packages.flatMap((name) => {
    const folder = path.join(root, 'packages', name)
    const { exports } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
    return Object.entries(exports).flatMap(([subpath, conditions]) => {
      if (typeof conditions === 'string') return []
      const specifier = path.posix.join('@headwater', name, subpath)
      const built = ({ types, default: code }) => ({
        types: path.join(folder, types),
        code: path.join(folder, code),
      })
      return [{ specifier, esm: built(conditions.import), cjs: built(conditions.require) }]
    })
  })
}

/** Names of the values that declaration files export, by file. */
export function valuesOf(files) {
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    noLib: true,
    types: [],
  })
  const checker = program.getTypeChecker()
  return files.map((file) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file))
    const symbols = checker.getExportsOfModule(module)
    return symbols.filter((symbol) => isValue(symbol, checker)).map(({ name }) => name)
  })
}

function isValue(symbol, checker) {
  const isTypeOnly = symbol.declarations.some(
    (declaration) =>
      ts.isExportSpecifier(declaration) &&
      (declaration.isTypeOnly || declaration.parent.parent.isTypeOnly),
  )
  if (isTypeOnly) return false
  const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0
  const origin = isAlias ? checker.getAliasedSymbol(symbol) : symbol
  return (origin.flags & ts.SymbolFlags.Value) !== 0
}
