import { Client } from 'pg'
import { eventually, type PostgresServer, startPostgresServer } from '@headwater/testing'
import type { Signed } from './certificates.ts'

/** A PostgreSQL whose TLS and whose rules of who may connect change while it runs. */
export interface PostgresOverTls extends AsyncDisposable {
  readonly server: PostgresServer
  /** Puts a certificate in place, and switches TLS on. */
  useCertificate(signed: Signed): Promise<void>
  /** Trusts the clients whose certificates an authority signed. */
  trustClientsOf(ca: string): Promise<void>
  /** Replaces the rules of who may connect; superusers over plain connections may always. */
  allow(...rules: readonly string[]): Promise<void>
  /** Runs a statement as a superuser. */
  run(sql: string): Promise<void>
}

/** The rule by which the fixture itself connects. */
const ownRule = 'hostnossl all postgres 127.0.0.1/32 trust'

/** Starts such a server, without TLS yet. */
export async function startPostgresOverTls(): Promise<PostgresOverTls> {
  const server = await startPostgresServer()
  const client = new Client(server.url)
  await client.connect()
  const run = async (sql: string): Promise<void> => void (await client.query(sql))
  // The server writes its own files, as the user that it runs as.
  const write = (file: string, text: string): Promise<void> =>
    run(
      `COPY (SELECT '${Buffer.from(text).toString('base64')}') TO PROGRAM 'umask 077; base64 -d > ${file}'`,
    )
  const reload = async (): Promise<void> => {
    const { rows } = await client.query<{ at: string }>('SELECT pg_conf_load_time()::text AS at')
    await run('SELECT pg_reload_conf()')
    await eventually(async () => {
      const now = await client.query<{ at: string }>('SELECT pg_conf_load_time()::text AS at')
      return now.rows[0]?.at !== rows[0]?.at
    })
  }
  return {
    server,
    run,
    async useCertificate({ cert, key }) {
      await write('server.crt', cert)
      await write('server.key', key)
      await run('ALTER SYSTEM SET ssl = on')
      await reload()
    },
    async trustClientsOf(ca) {
      await write('root.crt', ca)
      await run("ALTER SYSTEM SET ssl_ca_file = 'root.crt'")
      await reload()
    },
    async allow(...rules) {
      await write('pg_hba.conf', `${[ownRule, ...rules].join('\n')}\n`)
      await reload()
    },
    async [Symbol.asyncDispose]() {
      await client.end()
      await server.stop()
    },
  }
}
