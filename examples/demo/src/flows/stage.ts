import type { LoadedCatalogue } from '@headwater-examples/catalogue'
import type { Platform } from '../platform.ts'

/** The platform with its catalogue, on which every flow runs. */
export type Stage = Platform & LoadedCatalogue

/** The time that a flow waits for the effects of the relay. */
export const patience = { timeoutMs: 30_000 } as const
