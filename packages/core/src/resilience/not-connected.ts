/** Why no connection is made, in words of the SDK itself that name what to mend. */
export class NotConnected extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? {} : { cause })
    this.name = 'NotConnected'
  }
}
