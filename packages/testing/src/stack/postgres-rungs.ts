import { containerImages, startContainer } from './container.ts'
import { postgresVersion } from './postgres-database.ts'
import { startPostgresServer } from '../servers/postgres-server.ts'
import type { StartedStore, StoreRungs } from './store-address.ts'
import { startedStore } from './started-store.ts'

/** The rungs of PostgreSQL. */
export const postgresRungs: StoreRungs<'postgres'> = {
  environment: (url) => started(url, async () => undefined),

  async container() {
    const { host, port, stop } = await startContainer({
      image: containerImages.postgres,
      port: 5432,
      environment: { POSTGRES_PASSWORD: 'headwater' },
      command: ['postgres', '-c', 'wal_level=logical', '-c', 'max_connections=300'],
      ready: /database system is ready to accept connections/,
      readyTimes: 2,
    })
    return started(`postgres://postgres:headwater@${host}:${port}/postgres`, stop)
  },

  async local() {
    const server = await startPostgresServer()
    return started(server.url, () => server.stop())
  },
}

function started(url: string, stop: () => Promise<void>): Promise<StartedStore<'postgres'>> {
  return startedStore(stop, async () => ({ url, version: await postgresVersion(url) }))
}
