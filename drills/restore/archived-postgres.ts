import { appendFile, chmod, chown, cp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { startPostgresServer, type PostgresServer } from '@headwater/testing'
import type { Client } from 'pg'
import { onDatabase } from '../../soaks/run/postgres-faults.ts'

/** The archive lies beside the data, where both commands find it from the data's directory. */
const settings = {
  archive_mode: 'on',
  archive_command:
    'mkdir -p ../archive && cp %p ../archive/%f.new && mv ../archive/%f.new ../archive/%f',
  restore_command: 'cp ../archive/%f %p',
}

/** What belongs to the running server, and the log, which the archive has. */
const notBackedUp = /postmaster\.(pid|opts)$|\/(pg_wal|pg_replslot|pg_stat_tmp|pgsql_tmp)\/./

/** Lets a look at the archive fail this often. */
const patience = { looks: 600, pauseSeconds: 0.1 }

/**
 * A PostgreSQL with an archive of its log, from which it can be restored to any moment since the
 * base backup. The backup is made with `pg_backup_start` and `pg_backup_stop`, as `pg_basebackup`
 * does, which the binaries come without.
 */
export class ArchivedPostgres {
  readonly #server: PostgresServer
  readonly #data: string

  private constructor(server: PostgresServer, data: string) {
    this.#server = server
    this.#data = data
  }

  static async start(): Promise<ArchivedPostgres> {
    const server = await startPostgresServer({ settings })
    const data = await onDatabase(server.url, (client) => one(client, 'SHOW data_directory'))
    return new ArchivedPostgres(server, data)
  }

  get url(): string {
    return this.#server.url
  }

  /** Makes the base backup, while the server is used. */
  async backUp(): Promise<void> {
    const label = await onDatabase(this.url, async (client) => {
      await client.query("SELECT pg_backup_start('drill', true)")
      const isBackedUp = (from: string): boolean => !notBackedUp.test(from)
      await cp(this.#data, this.#backup, { recursive: true, filter: isBackedUp })
      return one(client, 'SELECT labelfile FROM pg_backup_stop(false)')
    })
    await writeFile(path.join(this.#backup, 'backup_label'), label)
  }

  /** The server's time. */
  async now(): Promise<Date> {
    return onDatabase(this.url, async (client) => {
      const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now')
      return rows[0]?.now ?? new Date(0)
    })
  }

  /** Ends the current file of the log and waits until it is archived, as time alone would do. */
  async archive(): Promise<void> {
    await onDatabase(this.url, async (client) => {
      const file = await one(client, 'SELECT pg_walfile_name(pg_switch_wal())')
      const archived = `SELECT coalesce(last_archived_wal >= '${file}', false) FROM pg_stat_archiver`
      for (let look = 0; (await one(client, archived)) !== 'true'; look += 1) {
        if (look === patience.looks) throw new Error(`${file} was not archived`)
        await client.query(`SELECT pg_sleep(${patience.pauseSeconds})`)
      }
    })
  }

  /** Kills the server; its disk is lost, and the archive and the backup are elsewhere. */
  async destroy(): Promise<void> {
    await this.#server.kill()
    await rm(this.#data, { recursive: true, force: true })
  }

  /** Restores the base backup, replays the archive up to a moment and opens it for writes. */
  async restoreTo(moment: Date): Promise<void> {
    await cp(this.#backup, this.#data, { recursive: true })
    // The setting takes no name of a time zone, and Z is one.
    const target = moment.toISOString().replace('Z', '+00')
    await appendFile(
      path.join(this.#data, 'postgresql.auto.conf'),
      `recovery_target_time = '${target}'\nrecovery_target_action = 'promote'\n`,
    )
    await writeFile(path.join(this.#data, 'recovery.signal'), '')
    await this.#handOver()
    await this.#server.restart()
  }

  async stop(): Promise<void> {
    await this.#server.stop()
  }

  get #backup(): string {
    return path.join(path.dirname(this.#data), 'backup')
  }

  /** The server runs as the owner of its directory, which may be another user than this process. */
  async #handOver(): Promise<void> {
    const { uid, gid } = await stat(path.dirname(this.#data))
    for (const entry of ['.', ...(await readdir(this.#data, { recursive: true }))])
      await chown(path.join(this.#data, entry), uid, gid)
    await chmod(this.#data, 0o700)
  }
}

async function one(client: Client, text: string): Promise<string> {
  const { rows } = await client.query<unknown[]>({ text, rowMode: 'array' })
  return String(rows[0]?.[0])
}
