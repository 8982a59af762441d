/**
 * A server is not installed, and this process may not install it. The message is the command that
 * installs it.
 */
export class MissingServerError extends Error {
  /** Distinguishes it from other errors, even across copies of this package. */
  override readonly name = 'MissingServerError'
  /** The executable that was not found. */
  readonly server: string

  constructor(server: string, command: string) {
    super(command)
    this.server = server
  }
}
