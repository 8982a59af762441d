import { createClient, type RedisClientType } from '@redis/client'

const deadlineMs = 5_000

/** Runs work on a connection of its own to one node, and no other. */
export async function onNode<T>(
  { url }: { readonly url: string },
  work: (node: RedisClientType) => Promise<T>,
): Promise<T> {
  const node: RedisClientType = createClient({
    url,
    commandOptions: { timeout: deadlineMs },
    socket: { reconnectStrategy: false },
  })
  node.on('error', () => undefined)
  await node.connect()
  try {
    return await work(node)
  } finally {
    node.destroy()
  }
}

/** Sends one command to a node and returns its reply as text. */
export async function ask(node: { readonly url: string }, ...command: string[]): Promise<string> {
  const reply: unknown = await onNode(node, (client) => client.sendCommand(command))
  return String(reply)
}
