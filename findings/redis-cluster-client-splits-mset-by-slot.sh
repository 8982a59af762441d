#!/usr/bin/env bash
# redis-server and redis-cli 7.0.15 (Debian 12's package, on the PATH), @redis/client 6.3.1 (npm), Node.js 20 or later.
#
# Redis sets all keys of an MSET or none, and a cluster refuses one of several slots (CROSSSLOT). The cluster client of
# node-redis 6 sends a command for each slot in its place, also where one server has all these slots, and says nothing of
# it. So 100 keys are about 100 commands, and MSET is no longer atomic: while one master is away, mSet rejects as if
# nothing had been written, and the keys of the other masters have the new value. mGet rejects as a whole in that time,
# with what the other masters answered.
#
# Seen:
#   the server itself: CROSSSLOT Keys in request don't hash to the same slot
#   commands for one mGet of 100 keys: 100 on 3 masters
#   mSet of 100 keys while a master is away: rejects, new values on the others: true
#   mGet of these keys meanwhile: rejects
set -euo pipefail
command -v redis-server >/dev/null || { echo 'needs redis-server on the PATH'; exit 2; }
dir=$(mktemp -d)
trap 'kill -9 $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund @redis/client@6.3.1 >/dev/null
cat > run.mjs <<'JS'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, createCluster } from '@redis/client'

const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}
// The cluster bus takes the port plus 10,000.
const lowPort = async () => {
  for (;;) {
    const port = await freePort()
    if (port < 55_000) return String(port)
  }
}
const ports = [await lowPort(), await lowPort(), await lowPort()]
const servers = ports.map((port) => {
  mkdirSync(port)
  return spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--save', '', '--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'no', '--dir', port], { stdio: 'ignore' })
})
process.on('exit', () => { for (const server of servers) server.kill('SIGKILL') })
const nodes = ports.map((port) => createClient({ url: `redis://127.0.0.1:${port}` }).on('error', () => undefined))
for (const node of nodes)
  for (;;)
    try {
      await node.connect()
      break
    } catch {
      await sleep(100)
    }
execFileSync('redis-cli', ['--cluster', 'create', ...ports.map((port) => `127.0.0.1:${port}`), '--cluster-yes'], { stdio: 'ignore' })
for (const node of nodes) while (!(await node.sendCommand(['CLUSTER', 'INFO'])).includes('cluster_state:ok')) await sleep(100)

const keys = Array.from({ length: 100 }, (_, at) => `course:${at}`)
const pairs = (value) => keys.map((key) => [key, value])
const refusal = await nodes[0].sendCommand(['MGET', ...keys]).catch((error) => error.message)
const calls = async () => {
  let sum = 0
  for (const node of nodes) sum += Number(/cmdstat_mget:calls=(\d+)/.exec(await node.info('commandstats'))?.[1] ?? 0)
  return sum
}
const cluster = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })), maxCommandRedirections: 2 })
cluster.on('error', () => undefined)
cluster.on('node-error', () => undefined)
await cluster.connect()
await cluster.mSet(pairs('old'))
const before = await calls()
const found = await cluster.mGet(keys)
const commands = (await calls()) - before

servers[2].kill('SIGKILL')
const within = (promise) => Promise.race([promise.then(() => 'resolves', () => 'rejects'), sleep(15_000, 'hangs')])
const written = await within(cluster.mSet(pairs('new')))
const read = await within(cluster.mGet(keys))
const valuesOn = async (node) => {
  const all = []
  for (const key of keys) all.push(await node.get(key).catch(() => 'elsewhere'))
  return all
}
const values = (await Promise.all(nodes.slice(0, 2).map(valuesOn))).flat()
const isPartly = values.includes('new')
console.log(`the server itself: ${refusal}`)
console.log(`commands for one mGet of 100 keys: ${commands} on 3 masters`)
console.log(`mSet of 100 keys while a master is away: ${written}, new values on the others: ${isPartly}`)
console.log(`mGet of these keys meanwhile: ${read}`)
process.exit(refusal.startsWith('CROSSSLOT') && found.length === 100 && commands > 90 && isPartly && written === 'rejects' && read === 'rejects' ? 0 : 1)
JS
node run.mjs && echo 'as described' || { echo 'changed'; exit 1; }
