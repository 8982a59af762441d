const codeNames: Record<number, string> = {
  1: 'InternalError',
  2: 'BadValue',
  9: 'FailedToParse',
  14: 'TypeMismatch',
  16: 'InvalidLength',
  20: 'IllegalOperation',
  26: 'NamespaceNotFound',
  27: 'IndexNotFound',
  28: 'PathNotViable',
  40: 'ConflictingUpdateOperators',
  43: 'CursorNotFound',
  48: 'NamespaceExists',
  50: 'MaxTimeMSExpired',
  52: 'DollarPrefixedFieldName',
  54: 'NotSingleValueField',
  56: 'EmptyFieldName',
  59: 'CommandNotFound',
  61: 'ShardKeyNotFound',
  66: 'ImmutableField',
  67: 'CannotCreateIndex',
  72: 'InvalidOptions',
  73: 'InvalidNamespace',
  85: 'IndexOptionsConflict',
  86: 'IndexKeySpecsConflict',
  112: 'WriteConflict',
  115: 'CommandNotSupported',
  168: 'InvalidPipelineOperator',
  197: 'InvalidIndexSpecificationOption',
  238: 'NotImplemented',
  11000: 'DuplicateKey',
}

/** An error in mongod's form: a numeric code, its name and, for a duplicate key, that key. */
export class ServerError extends Error {
  readonly code: number
  readonly details: Record<string, unknown>

  constructor(code: number, message: string, details: Record<string, unknown> = {}) {
    super(message)
    this.name = 'ServerError'
    this.code = code
    this.details = details
  }

  /** The symbolic name that travels beside the code. */
  get codeName(): string {
    return codeNames[this.code] ?? `Location${this.code}`
  }
}

/**
 * The wire form of any failure. A value that the query engine rejects is the caller's mistake; any
 * other failure is a defect of the stand-in, and the message says so.
 */
export function toServerError(error: unknown): ServerError {
  if (error instanceof ServerError) return error
  if (!(error instanceof Error)) return new ServerError(1, String(error))
  const badInput =
    error.constructor.name === 'MingoError' ||
    error.constructor.name === 'BSONError' ||
    error instanceof SyntaxError
  return new ServerError(badInput ? 2 : 1, error.message)
}

/**
 * The answer to a valid request that the stand-in does not implement: an error, never a wrong
 * answer.
 */
export function notSupported(what: string): ServerError {
  return new ServerError(238, `${what} is not supported by this stand-in`)
}
