#!/usr/bin/env bash
# redis-server 7.0.15 (Debian 12's package, on the PATH), redis 6.3.1 (npm), Node.js 20 or later.
#
# `run_id` is documented as identifying one run of a server, and clients use it to notice that they
# talk to another one. It does not change when a master is demoted, resynchronised and promoted
# again, which is one cycle of a Sentinel failover and failback: a value that was deleted on the
# interim master, in a moment when the other one did not replicate it, is back under the same run_id.
# The demotion closes no client connection, so no reconnect tells either. Only `master_replid` changes.
#
# Seen:
#   run_id of A before and after the cycle: the same
#   the client of A: connected throughout, 0 reconnects
#   key deleted on B while B was master, read from A afterwards: 'old'
#   master_replid of A: changed
set -euo pipefail
command -v redis-server >/dev/null || { echo 'needs redis-server on the PATH'; exit 2; }
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund redis@6.3.1 >/dev/null
cat > run.mjs <<'JS'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'

const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return String(port)
}
const ports = [await freePort(), await freePort()]
const servers = ports.map((port) =>
  spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--save', '', '--repl-diskless-sync-delay', '0'], { stdio: 'ignore' }))
process.on('exit', () => { for (const server of servers) server.kill('SIGKILL') })
let reconnects = 0
const [a, b] = ports.map((port) => createClient({ url: `redis://127.0.0.1:${port}` }).on('error', () => undefined))
a.on('reconnecting', () => { reconnects += 1 })
for (const client of [a, b]) await client.connect()
reconnects = 0
const info = async (client, section, field) => new RegExp(`^${field}:(.*)\r$`, 'm').exec(await client.info(section))[1]
const until = async (what) => { while (!(await what())) await sleep(50) }
const follows = (client, port) => client.sendCommand(['REPLICAOF', '127.0.0.1', port])
const leads = (client) => client.sendCommand(['REPLICAOF', 'NO', 'ONE'])
const isLinked = (client) => async () => (await info(client, 'replication', 'master_link_status')) === 'up'

await follows(b, ports[0])
await until(isLinked(b))
await a.set('key', 'old')
await until(async () => (await b.get('key')) === 'old')
const before = { runId: await info(a, 'server', 'run_id'), history: await info(a, 'replication', 'master_replid') }
// Failover: B leads, A follows.
await leads(b)
await follows(a, ports[1])
await until(isLinked(a))
// Failback while B's last write has not reached A.
await leads(a)
await b.del('key')
const after = { runId: await info(a, 'server', 'run_id'), history: await info(a, 'replication', 'master_replid') }
const value = await a.get('key')
console.log(`run_id of A: ${after.runId === before.runId ? 'the same' : 'changed'}`)
console.log(`client of A: ${a.isReady ? 'connected' : 'gone'}, ${reconnects} reconnects`)
console.log(`key deleted on B, read from A: ${JSON.stringify(value)}`)
console.log(`master_replid of A: ${after.history === before.history ? 'the same' : 'changed'}`)
process.exit(after.runId === before.runId && reconnects === 0 && value === 'old' && after.history !== before.history ? 0 : 1)
JS
node run.mjs && echo 'as described' || { echo 'changed'; exit 1; }
