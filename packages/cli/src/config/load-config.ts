import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { UsageError } from '../commands/usage-error.ts'
import type { HeadwaterConfig, HeadwaterConfigSource } from './config.ts'

const names = ['ts', 'mts', 'mjs', 'js', 'json'].map((ending) => `headwater.config.${ending}`)
const known = ['connect', 'stores', 'migrate', 'services']

/** Where a configuration is looked for. */
export interface ConfigPlace {
  /** The folder that the command runs in. */
  readonly directory: string
  /** The file that `--config` names. */
  readonly file: string | undefined
}

/**
 * Reads the configuration; an empty one where there is no file.
 *
 * @throws UsageError when the file that was named does not exist, when a file throws, and when it
 *   holds no configuration.
 */
export async function loadConfig({ directory, file }: ConfigPlace): Promise<HeadwaterConfig> {
  const found = findConfig(directory, file)
  if (found === undefined) return {}
  const config = await evaluated(found)
  if (typeof config !== 'object' || config === null)
    throw new UsageError(`${found} has no default export that is a configuration`)
  const stranger = Object.keys(config).find((name) => !known.includes(name))
  if (stranger !== undefined)
    throw new UsageError(`${found}: ${stranger} is not known: there are ${known.join(', ')}`)
  if (config.connect !== undefined && config.stores !== undefined)
    throw new UsageError(`${found}: connect and stores exclude each other`)
  return config
}

function findConfig(directory: string, file: string | undefined): string | undefined {
  if (file === undefined)
    return names.map((name) => path.join(directory, name)).find((one) => existsSync(one))
  const named = path.resolve(directory, file)
  if (!existsSync(named)) throw new UsageError(`there is no file ${named}`)
  return named
}

async function evaluated(file: string): Promise<HeadwaterConfig | undefined> {
  try {
    const source = await read(file)
    return typeof source === 'function' ? await source() : source
  } catch (error) {
    throw faultIn(file, error)
  }
}

async function read(file: string): Promise<HeadwaterConfigSource | undefined> {
  if (file.endsWith('.json'))
    return JSON.parse(await readFile(file, 'utf8')) as HeadwaterConfigSource
  const module = (await import(pathToFileURL(file).href)) as { default?: HeadwaterConfigSource }
  return module.default
}

/** A store that the file could not connect is no mistake in it. */
function faultIn(file: string, error: unknown): Error {
  if (!(error instanceof Error)) return new UsageError(`${file}: ${String(error)}`)
  if (Reflect.has(error, 'failure')) return error
  if (Reflect.get(error, 'code') === 'ERR_UNKNOWN_FILE_EXTENSION')
    return new UsageError(`${file} needs Node.js 22.18 or later, which runs TypeScript: use .mjs`)
  return new UsageError(`${file}: ${error.message}`)
}
