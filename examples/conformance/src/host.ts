import type { Serve } from '@headwater-examples/elearning'

/** A host that serves the API of the e-learning example, and is to behave like all others. */
export interface Host {
  /** The framework. */
  readonly name: string
  /** Serves the API on services. */
  readonly serve: Serve
  /** The command line, after `node`, of a process that serves it on what its environment names. */
  readonly command: readonly string[]
}
