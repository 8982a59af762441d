import ts from 'typescript'
import { read } from './markdown.ts'

/** One interface of options as the reference of configuration shows it. */
export interface OptionPage {
  /** The function that takes the options, as the heading. */
  readonly title: string
  readonly file: string
  readonly name: string
  readonly defaults?: object
  /** Variables of the environment, by option. */
  readonly variables?: Readonly<Record<string, string | undefined>>
  /** Options that have a page of their own. */
  readonly elsewhere?: readonly string[]
}

/** The table of one interface of options, read from its declaration. */
export function tableOf(page: OptionPage): string {
  const { file, name, elsewhere = [], variables } = page
  const rows = membersOf(file, name)
    .filter((member) => !elsewhere.includes(member.name.getText()))
    .map((member) => rowOf(member, page))
  const columns = ['option', 'default', ...(variables ? ['variable'] : []), 'meaning']
  const lines = [columns, columns.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function membersOf(file: string, name: string): readonly ts.PropertySignature[] {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true)
  const found = source.statements.find(
    (statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === name,
  )
  if (found === undefined || !ts.isInterfaceDeclaration(found))
    throw new Error(`${file} declares no interface ${name}`)
  return found.members.filter(ts.isPropertySignature)
}

function rowOf(member: ts.PropertySignature, { defaults, variables }: OptionPage): string[] {
  const name = member.name.getText()
  const value: unknown = Reflect.get(defaults ?? {}, name)
  const stated = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'defaultValue')
  const none = member.questionToken === undefined ? 'required' : ''
  const defaultText =
    value === undefined
      ? inOneLine(ts.getTextOfJSDocComment(stated?.comment) ?? none)
      : shown(value)
  const variable = variables?.[name]
  return [
    `\`${name}\``,
    defaultText,
    ...(variables ? [variable === undefined ? '' : `\`${variable}\``] : []),
    meaningOf(member),
  ]
}

function meaningOf(member: ts.PropertySignature): string {
  const [doc] = ts.getJSDocCommentsAndTags(member).filter(ts.isJSDoc)
  return inOneLine(ts.getTextOfJSDocComment(doc?.comment) ?? '')
}

function inOneLine(text: string): string {
  return text
    .replace(/\{@link (\w+)\}/g, '`$1`')
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .trim()
}

function shown(value: unknown): string {
  return `\`${typeof value === 'number' ? value.toLocaleString('en-US') : JSON.stringify(value)}\``
}
