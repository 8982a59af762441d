#!/usr/bin/env bash
# mongodb 7.9.0 (npm), Node.js 20 or later.
#
# A MongoClient connects by itself with its first operation, and its operations wait for a server
# that goes and comes back. But when that first connecting finds no server within
# `serverSelectionTimeoutMS`, every later operation fails at once with MongoTopologyClosedError, also
# when the server is there by then. A client whose server goes *after* it has connected recovers by
# itself; this one sends nothing more until somebody calls `client.connect()`.
#
# Seen, with a server that starts after the first operation has failed:
#   before it starts: MongoServerSelectionError
#   1 s after it: MongoTopologyClosedError
#   after connect(): ok
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts mongodb@7.9.0 >/dev/null
cat > run.mjs <<'JS'
import { createServer } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import { BSON, MongoClient } from 'mongodb'

// Enough of a server: it answers everything like hello.
const hello = {
  ok: 1, helloOk: true, ismaster: true, isWritablePrimary: true, minWireVersion: 0,
  maxWireVersion: 25, maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000, logicalSessionTimeoutMinutes: 30,
}
const server = createServer((socket) => {
  let unread = Buffer.alloc(0)
  socket.on('error', () => undefined)
  socket.on('data', (data) => {
    unread = Buffer.concat([unread, data])
    while (unread.length >= 16 && unread.length >= unread.readInt32LE(0)) {
      const length = unread.readInt32LE(0)
      answer(socket, unread.subarray(0, length))
      unread = unread.subarray(length)
    }
  })
})
function answer(socket, message) {
  const isMsg = message.readInt32LE(12) === 2013
  const body = Buffer.from(BSON.serialize(hello))
  const lead = Buffer.alloc(isMsg ? 21 : 36)
  lead.writeInt32LE(lead.length + body.length, 0)
  lead.writeInt32LE(message.readInt32LE(4), 8)
  lead.writeInt32LE(isMsg ? 2013 : 1, 12)
  if (!isMsg) lead.writeInt32LE(1, 32)
  socket.write(Buffer.concat([lead, body]))
}
const listen = (port) => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
await listen(0)
const { port } = server.address()
await new Promise((resolve) => server.close(resolve))

const client = new MongoClient(`mongodb://127.0.0.1:${port}`, {
  directConnection: true, serverSelectionTimeoutMS: 500, heartbeatFrequencyMS: 500,
})
const ping = () => client.db('admin').command({ ping: 1 }).then(() => 'ok', ({ name }) => name)
const before = await ping()
await listen(port)
await after(1_000)
const later = await ping()
await client.connect()
const connected = await ping()
console.log(`before it starts: ${before}\n1 s after it: ${later}\nafter connect(): ${connected}`)
const isAsSeen = before === 'MongoServerSelectionError' && later === 'MongoTopologyClosedError'
process.exit(isAsSeen && connected === 'ok' ? 0 : 1)
JS
node run.mjs && echo 'as described' || { echo 'changed'; exit 1; }
