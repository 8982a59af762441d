import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const root = path.join(import.meta.dirname, '../..')

/** A link of a page, `[text](target)`. */
export interface Link {
  readonly text: string
  readonly target: string
}

/** Every page that is written by hand, by its path from the root. */
export function pages(): readonly string[] {
  return globSync('**/*.md', {
    cwd: root,
    exclude: (name) => /(^|\/)(node_modules|dist|reference|api|\.results)$/.test(name),
  }).sort()
}

export function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8')
}

/**
 * Links to other places of the repository, `[text](target)` and `[text][reference]`; a reference
 * that the page does not define is a link to its own name.
 */
export function linksOf(markdown: string): readonly Link[] {
  const prose = withoutFences(markdown).replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]]/g, ''))
  const definitions = new Map(
    [...prose.matchAll(/^\[([^\]]+)\]: (\S+)$/gm)].map(([, name = '', target = '']) => [
      name,
      target,
    ]),
  )
  const inline = [...prose.matchAll(/\[([^\]]*)\]\(([^)\s]+)\)/g)]
  const byReference = [...prose.matchAll(/\[([^\]]*)\]\[([^\]]+)\]/g)]
  return [
    ...inline.map(([, text = '', target = '']) => ({ text, target })),
    ...byReference.map(([, text = '', name = '']) => ({
      text,
      target: definitions.get(name) ?? name,
    })),
  ]
    .map(({ text, target }) => ({ text: text.replace(/\s+/g, ' '), target }))
    .filter(({ target }) => !/^[a-z]+:/.test(target))
}

/** Why a link of a page leads nowhere, or `undefined` when it leads somewhere. */
export function brokenBy(page: string, { target }: Link): string | undefined {
  const [file = '', anchor] = target.split('#')
  const found = file === '' ? page : path.join(path.dirname(page), file)
  if (!existsSync(path.join(root, found))) return `${page}: ${target}: no such file`
  if (anchor !== undefined && !anchorsOf(read(found)).includes(anchor))
    return `${page}: ${target}: no such heading`
  return undefined
}

/** The fenced blocks of one language. */
export function fencesOf(markdown: string, language: string): readonly string[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, spoken]) => spoken === language)
    .map(([, , code = '']) => code)
}

/** The camelCase names of snippets and of code within the text. */
export function namesOf(markdown: string): readonly string[] {
  const inline = [...withoutFences(markdown).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
  const code = [...fencesOf(markdown, 'ts'), ...inline].join('\n')
  return [...new Set(code.match(/\b[a-z]+[A-Z]\w*/g))]
}

export function withoutFences(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```$/gm, '')
}

/** Headings as GitHub names them in a URL. */
function anchorsOf(markdown: string): readonly string[] {
  return [...withoutFences(markdown).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
