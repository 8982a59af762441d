import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MigrationSet } from '@headwater/core'

/** Names of the tables that sets create. */
export async function tablesOf(sets: readonly MigrationSet[]): Promise<readonly string[]> {
  const texts = await Promise.all(sets.map(textsOf))
  return texts.flat().flatMap((text) => [...text.matchAll(creation)].map(([, name = '']) => name))
}

const creation = /\bCREATE TABLE (?:IF NOT EXISTS )?@schema\."?(\w+)/gi

async function textsOf({ directory, files = {} }: MigrationSet): Promise<readonly string[]> {
  if (directory === undefined) return Object.values(files)
  const folder = fileURLToPath(directory)
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql'))
  return Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')))
}
