#!/usr/bin/env bash
# mongodb 7.9.0 (npm), Node.js 20 or later.
#
# Errors of the driver have names that begin with `Mongo`, the exported classes and those of pools
# alike, so failures are told apart by that prefix. One does not: an operation that is under way when
# the server's heartbeat times out rejects with `PoolClearedOnNetworkError`. It is an outage, and its
# class is a subclass of the exported `MongoNetworkError`.
#
# Seen, when a server answers the handshake and then falls silent:
#   name: PoolClearedOnNetworkError
#   instanceof MongoNetworkError: true
#   exported: false
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts mongodb@7.9.0 >/dev/null
cat > run.mjs <<'JS'
import { createServer } from 'node:net'
import * as mongodb from 'mongodb'
const { BSON, MongoClient, MongoNetworkError } = mongodb

// Enough of a server: it answers hello and ping in OP_MSG or OP_QUERY until it is asked to find.
const hello = {
  ok: 1, helloOk: true, ismaster: true, isWritablePrimary: true, minWireVersion: 0,
  maxWireVersion: 25, maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000, logicalSessionTimeoutMinutes: 30,
}
let isSilent = false
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
  if (isMsg && BSON.deserialize(message.subarray(21)).find !== undefined) isSilent = true
  if (isSilent) return
  const body = Buffer.from(BSON.serialize(hello))
  const lead = Buffer.alloc(isMsg ? 21 : 36)
  lead.writeInt32LE(lead.length + body.length, 0)
  lead.writeInt32LE(message.readInt32LE(4), 8)
  lead.writeInt32LE(isMsg ? 2013 : 1, 12)
  if (!isMsg) lead.writeInt32LE(1, 32)
  socket.write(Buffer.concat([lead, body]))
}
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const client = new MongoClient(`mongodb://127.0.0.1:${server.address().port}`, {
  directConnection: true, heartbeatFrequencyMS: 500, connectTimeoutMS: 500, retryReads: false,
  serverMonitoringMode: 'poll',
})
await client.connect()
const error = await client.db('a').collection('b').findOne().then(() => undefined, (reason) => reason)
const name = error?.name
const isNetwork = error instanceof MongoNetworkError
const isExported = Object.values(mongodb).includes(error?.constructor)
console.log(`name: ${name}\ninstanceof MongoNetworkError: ${isNetwork}\nexported: ${isExported}`)
process.exit(name === 'PoolClearedOnNetworkError' && isNetwork && !isExported ? 0 : 1)
JS
node run.mjs && echo 'as described' || { echo 'changed'; exit 1; }
