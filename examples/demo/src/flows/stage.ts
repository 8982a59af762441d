import type { LoadedCatalogue } from '@headwater-examples/catalogue'
import type { Platform } from '../platform.ts'

/** What every flow finds: the platform with its catalogue. */
export type Stage = Platform & LoadedCatalogue

/** How long a flow waits for what comes by way of the relay. */
export const patience = { timeoutMs: 30_000 } as const
