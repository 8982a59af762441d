import type { Stores } from '@headwater/core'

type Client = Parameters<Parameters<Stores['redis']['run']>[1]>[0]

/** What every server says of itself; empty texts from those that may not be asked. */
export async function infosOf(
  { redis }: Pick<Stores, 'redis'>,
  client: Client,
): Promise<readonly string[]> {
  const nodes = await serversOf(redis.client, client)
  return Promise.all(
    nodes.map(async (node) => {
      try {
        return String(await node.info())
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('NOPERM')) return ''
        throw error
      }
    }),
  )
}

/** The server, or every master of a cluster. */
export async function serversOf(
  connection: Stores['redis']['client'],
  client: Client,
): Promise<readonly Client[]> {
  if (!('masters' in connection)) return [client]
  return Promise.all(connection.masters.map((master) => connection.nodeClient(master)))
}

/** The version, as Valkey or Redis says it. */
export function versionIn(info: string): string {
  return fieldOf(info, 'valkey_version') ?? fieldOf(info, 'redis_version') ?? ''
}

/** A field of what a server says of itself. */
export function fieldOf(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]
}
