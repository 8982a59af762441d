import { readdir, readFile } from 'node:fs/promises'
import { z } from 'zod'
import { digest } from '../digest.ts'

/**
 * The migrations of one package: the `.sql` files of one directory, applied in the order of their
 * names.
 */
export interface MigrationSet {
  /**
   * Names the table that remembers what was applied; lower-case letters, digits and `_`. Never
   * change it.
   */
  readonly name: string
  /**
   * Where the files are, for instance `new URL('../migrations/', import.meta.url)`. In every file
   * `@schema.` stands for the schema of the stores.
   */
  readonly directory: URL
}

/** Rule of a {@link MigrationSet}. */
export const migrationSetRule = z.object({
  name: z
    .string('expected a text')
    .regex(/^[a-z][a-z0-9_]{0,30}$/, 'expected lower-case letters, digits and _, 31 at most'),
  directory: z.instanceof(URL, { error: 'expected a URL' }),
})

/** One migration as it is shipped. */
export interface MigrationFile {
  /** The file's name, for instance `0001_outbox.sql`. */
  readonly name: string
  /** Its statements. */
  readonly text: string
  /** SHA-256 of its text, the same for both kinds of line ends. */
  readonly hash: string
}

/**
 * Reads the files of a set, in the order in which they are applied. Rejects when the directory
 * cannot be read.
 */
export async function readMigrations(set: MigrationSet): Promise<MigrationFile[]> {
  const names = (await readdir(set.directory)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name) => {
      const text = (await readFile(new URL(name, directoryUrl(set.directory)), 'utf8')).replaceAll(
        '\r\n',
        '\n',
      )
      return { name, text, hash: digest(text) }
    }),
  )
}

function directoryUrl(url: URL): URL {
  return url.href.endsWith('/') ? url : new URL(`${url.href}/`)
}
