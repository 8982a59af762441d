import { readdir, readFile } from 'node:fs/promises'
import * as z from 'zod/mini'
import { digest } from '../digest.ts'
import { once } from '../once.ts'

/**
 * The migrations of one package, applied in the order of the files' names. They are given either as
 * a `directory` or as `files`, which need no file system at run time and so survive a bundler. In
 * every file `@schema.` stands for the schema of the stores.
 *
 * A name that ends with `.online.sql` has its file applied while its tables are written, outside
 * the transaction. It may have three kinds of statements, each ending with a semicolon at the end
 * of its line: `CREATE INDEX CONCURRENTLY name ON @schema.table …`, `DROP INDEX CONCURRENTLY IF
 * EXISTS @schema.name`, and below a line such as `-- In batches of 1000 by @schema.orders (id)` one
 * that changes the rows with `id BETWEEN $1 AND $2`. After a crash they are carried out again, so
 * the last must change nothing the second time.
 */
export interface MigrationSet {
  /**
   * Names the table that remembers what was applied; lower-case letters, digits and `_`. Never
   * change it.
   */
  readonly name: string
  /** Where the `.sql` files are, for instance `new URL('../migrations/', import.meta.url)`. */
  readonly directory?: URL
  /** The statements of each file by its name, for instance `0001_orders.sql`. */
  readonly files?: Readonly<Record<string, string>>
}

const oneSource = 'expected either a directory or files'

/** Rule of a {@link MigrationSet}. */
export const migrationSetRule = once(() =>
  z
    .object({
      name: z
        .string('expected a text')
        .check(
          z.regex(
            /^[a-z][a-z0-9_]{0,30}$/,
            'expected lower-case letters, digits and _, 31 at most',
          ),
        ),
      directory: z.optional(z.instanceof(URL, { error: 'expected a URL' })),
      files: z.optional(
        z
          .record(z.string(), z.string('expected its statements'), 'expected texts by file name')
          .check(z.refine(areFileNames, 'expected names of .sql files, without a path')),
      ),
    })
    .check(
      z.refine(
        ({ directory, files }) => (directory === undefined) !== (files === undefined),
        oneSource,
      ),
    ),
)

function areFileNames(files: object): boolean {
  return Object.keys(files).every((name) => /^[^/\\]+\.sql$/.test(name))
}

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
 * The files of a set, in the order in which they are applied. Rejects when its directory cannot be
 * read.
 */
export async function readMigrations(set: MigrationSet): Promise<MigrationFile[]> {
  const files = set.files ?? (set.directory === undefined ? {} : await textsIn(set.directory))
  return Object.keys(files)
    .sort()
    .map((name) => migrationFile(name, files[name] ?? ''))
}

function migrationFile(name: string, shipped: string): MigrationFile {
  const text = shipped.replaceAll('\r\n', '\n')
  return { name, text, hash: digest(text) }
}

async function textsIn(directory: URL): Promise<Record<string, string>> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql'))
  const texts = names.map(async (name) => {
    const text = await readFile(new URL(name, directoryUrl(directory)), 'utf8')
    return [name, text] as const
  })
  return Object.fromEntries(await Promise.all(texts))
}

function directoryUrl(url: URL): URL {
  return url.href.endsWith('/') ? url : new URL(`${url.href}/`)
}
