import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Builds packages of a checkout, which has been installed. */
export async function build(checkout: string, names: readonly string[]): Promise<void> {
  const filters = names.map((name) => `--filter=@headwater/${name}`)
  await promisify(execFile)('pnpm', [...filters, 'run', 'build'], {
    cwd: checkout,
    maxBuffer: 64_000_000,
  })
}
