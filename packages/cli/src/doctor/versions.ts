/** Whether a version is at least another one; what is no version is not. */
export function isAtLeast(version: string, least: string): boolean {
  const [have, want] = [version, least].map((text) => text.split('.').map(parseFloat))
  if (have === undefined || want === undefined || have.some(Number.isNaN)) return false
  const at = want.findIndex((part, index) => part !== (have[index] ?? 0))
  return at < 0 || (have[at] ?? 0) > (want[at] ?? 0)
}

/** Whether a version satisfies a range of the form `^1.2.3` or `>=1.2.3`. */
export function satisfies(version: string, range: string): boolean {
  const least = range.replace(/^[\^>=]+/, '')
  const isOfMajor = !range.startsWith('^') || version.split('.')[0] === least.split('.')[0]
  return isOfMajor && isAtLeast(version, least)
}
