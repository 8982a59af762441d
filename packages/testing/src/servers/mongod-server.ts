import { onFreePort } from './free-port.ts'
import { RestartableServer, type LocalServer } from './local-server.ts'
import { serverDirectory } from './temporary-directory.ts'

/** A `mongod` that a test may crash, restart, pause and resume. */
export interface MongodServer extends LocalServer {
  /** Stops the server if it runs and starts it again on its port with its data. */
  restart(): Promise<void>
}

/**
 * Starts the `mongod` on the PATH as a standalone server on 127.0.0.1 with a new data directory. It
 * ends with this process.
 */
export async function startMongodServer(): Promise<MongodServer> {
  return onFreePort(async (port) => {
    const dir = await serverDirectory('mongodb')
    const server = await RestartableServer.start({
      name: 'MongoDB',
      command: 'mongod',
      args: ['--dbpath', dir, '--port', String(port), '--bind_ip', '127.0.0.1', '--nounixsocket'],
      dir,
      ready: /Waiting for connections/,
    })
    return mongodVerbs(server, port)
  })
}

function mongodVerbs(server: RestartableServer, port: number): MongodServer {
  return {
    url: `mongodb://127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid
    },
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    restart: () => server.restart(),
    stop: () => server.stop(),
  }
}
