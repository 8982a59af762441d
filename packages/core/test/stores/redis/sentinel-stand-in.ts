import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A Sentinel that says what a test wants. */
export interface SentinelStandIn {
  readonly address: { readonly host: string; readonly port: number }
  /** What it answers from now on; nobody is told. */
  says(host: string, epoch: number): void
  /** Tells those who listen that the primary has changed; its answers stay. */
  tells(from: string, to: string): void
  stop(): Promise<void>
}

/** The port of every server that a stand-in names. */
const namedPort = 6_379

/** Starts a Sentinel that names `host` after `epoch` failovers. */
export async function startSentinelStandIn(host: string, epoch: number): Promise<SentinelStandIn> {
  const listening = new Set<Socket>()
  const sockets = new Set<Socket>()
  let answer = { host, epoch }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      listening.delete(socket)
    })
    socket.on('data', (data) => {
      for (const command of commandsIn(data.toString())) {
        if (command[0] === 'SUBSCRIBE') listening.add(socket)
        socket.write(replyTo(command, answer))
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    says: (named, after) => {
      answer = { host: named, epoch: after }
    },
    tells: (from, to) => {
      const text = `main ${from} ${namedPort} ${to} ${namedPort}`
      for (const socket of listening) socket.write(push('message', bulk('+switch-master'), text))
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The commands in a packet, each name in capitals; each of them arrives whole on loopback. */
function commandsIn(text: string): readonly (readonly string[])[] {
  return text
    .split(/^\*\d+\r\n/m)
    .filter((part) => part !== '')
    .map((part) => part.split('\r\n').filter((_, index) => index % 2 === 1))
    .map(([name = '', ...words]) => [name.toUpperCase(), ...words])
}

function replyTo(
  [name, of, ...rest]: readonly string[],
  { host, epoch }: { readonly host: string; readonly epoch: number },
): string {
  if (name === 'HELLO') return `%1\r\n${bulk('server')}${bulk('redis')}`
  if (name === 'SUBSCRIBE') return `>3\r\n${bulk('subscribe')}${bulk(of ?? '')}:1\r\n`
  if (name !== 'SENTINEL' || rest.length === 0) return '+OK\r\n'
  return of === 'MASTER'
    ? `%1\r\n${bulk('config-epoch')}${bulk(String(epoch))}`
    : `*2\r\n${bulk(host)}${bulk(String(namedPort))}`
}

function push(kind: string, channel: string, text: string): string {
  return `>3\r\n${bulk(kind)}${channel}${bulk(text)}`
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`
}
