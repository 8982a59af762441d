/**
 * Prints a line of progress on the standard error output, which leaves the figures alone on the
 * other.
 */
export function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
