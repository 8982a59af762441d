import type { MigrationSet } from '@headwater/core'

/** The migrations of this package, for `migrate`: the table `inbox`, for who consumes. */
export const brokersMigrations: MigrationSet = {
  name: 'brokers',
  directory: new URL('../migrations/', import.meta.url),
}
