import { readFile } from 'node:fs/promises'

const directory = new URL('../../client/dist/', import.meta.url)

/** The text of a file of the client, as `vite build` has written it. */
export function clientAsset(name: 'console.js' | 'console.css'): Promise<string> {
  return readFile(new URL(name, directory), 'utf8')
}
