import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { existsSync } from 'node:fs'
import { eventually, freePort } from '@headwater/testing'

/** Whether `pgbouncer` is on the PATH. */
export const hasPgbouncer = (process.env['PATH'] ?? '')
  .split(delimiter)
  .some((dir) => existsSync(join(dir, 'pgbouncer')))

/** A PgBouncer in transaction mode. */
export interface Pgbouncer {
  /** The server's URL by way of it. */
  readonly url: string
  stop(): Promise<void>
}

/** Starts a PgBouncer in front of a server, with fewer connections to it than tests open. */
export async function startPgbouncer(serverUrl: string): Promise<Pgbouncer> {
  const { hostname, port: serverPort, pathname, username, password } = new URL(serverUrl)
  const dir = await mkdtemp(join(tmpdir(), 'pgbouncer-'))
  await chmod(dir, 0o755)
  const port = await freePort()
  const credentials = `user=${username}${password === '' ? '' : ` password=${password}`}`
  await writeFile(
    join(dir, 'pgbouncer.ini'),
    `
[databases]
${pathname.slice(1)} = host=${hostname} port=${serverPort} ${credentials}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 6
max_client_conn = 200
`,
    { mode: 0o644 },
  )
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child = spawn('pgbouncer', ['-q', ...asUser, join(dir, 'pgbouncer.ini')], {
    stdio: 'ignore',
  })
  await eventually(() => accepts(port))
  const url = new URL(serverUrl)
  url.port = String(port)
  return {
    url: url.href,
    stop: async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await rm(dir, { recursive: true })
    },
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
