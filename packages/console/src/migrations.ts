import type { MigrationSet } from '@headwater/core'

/** The migrations of this package, for `migrate`: the table `console_audit`. */
export const consoleMigrations: MigrationSet = {
  name: 'console',
  directory: new URL('../migrations/', import.meta.url),
}
