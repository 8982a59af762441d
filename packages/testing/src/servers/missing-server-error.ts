/**
 * A server is not installed and this process may not install it. The message is the one command
 * that does.
 */
export class MissingServerError extends Error {
  /** Tells it from other errors across copies of this package. */
  override readonly name = 'MissingServerError'
  /** The executable that was not found. */
  readonly server: string

  constructor(server: string, command: string) {
    super(command)
    this.server = server
  }
}
