import type { InputIssue } from '../errors.ts'

const oldest = { major: 22, minor: 12 }

/** The issue with a Node.js that is too old to run on, which would fail at its first surprise. */
export function nodeVersionIssue(version: string): InputIssue | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return undefined
  const message = `expected Node.js ${oldest.major}.${oldest.minor} or later: this is ${version}`
  return { field: 'node', message }
}
