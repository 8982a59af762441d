import type { DiagnosticEvents, DiagnosticName } from '@headwater/core'

/** Listens to diagnostics of one name. */
export type Listen = <Name extends DiagnosticName>(
  name: Name,
  listener: (event: DiagnosticEvents[Name]) => void,
) => void
