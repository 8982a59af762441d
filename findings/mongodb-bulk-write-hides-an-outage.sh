#!/usr/bin/env bash
# mongodb 7.9.0 (npm), Node.js 20 or later.
#
# Whether a failed write may be tried again is told by the class of the driver's error: an outage is
# a MongoNetworkError or a MongoServerSelectionError, what the server refuses a MongoServerError.
# `insertMany` and `bulkWrite` wrap every error in a MongoBulkWriteError, which *is* a
# MongoServerError, has no code, no label and no cause: an outage looks like a refusal. The error
# beneath stands in the field `errorResponse`, where the server's answer is otherwise.
#
# Seen, once the server of a connected client is gone:
#   insertOne:  MongoServerSelectionError, instanceof MongoServerError: false
#   insertMany: MongoBulkWriteError, instanceof MongoServerError: true
#               code undefined, cause undefined, labels [], errorResponse MongoServerSelectionError
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts mongodb@7.9.0 >/dev/null
cat > run.mjs <<'JS'
import { createServer } from 'node:net'
import { BSON, MongoClient, MongoServerError } from 'mongodb'

// Enough of a server: it answers everything like hello.
const hello = {
  ok: 1, helloOk: true, ismaster: true, isWritablePrimary: true, minWireVersion: 0,
  maxWireVersion: 25, maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000, logicalSessionTimeoutMinutes: 30,
}
const sockets = new Set()
const server = createServer((socket) => {
  sockets.add(socket)
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

await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const client = new MongoClient(`mongodb://127.0.0.1:${server.address().port}`, {
  directConnection: true, serverSelectionTimeoutMS: 300, heartbeatFrequencyMS: 500,
  retryWrites: false,
})
await client.connect()
server.close()
for (const socket of sockets) socket.destroy()
const failureOf = (write) =>
  write(client.db('a').collection('b')).then(() => undefined, (error) => error)
await failureOf((rows) => rows.insertOne({ a: 1 }))
const one = await failureOf((rows) => rows.insertOne({ a: 1 }))
const many = await failureOf((rows) => rows.insertMany([{ a: 1 }], { ordered: false }))
const isServers = (error) => error instanceof MongoServerError
console.log(`insertOne:  ${one.name}, instanceof MongoServerError: ${isServers(one)}`)
console.log(`insertMany: ${many.name}, instanceof MongoServerError: ${isServers(many)}`)
console.log(
  `            code ${many.code}, cause ${many.cause}, labels [${many.errorLabels}], ` +
    `errorResponse ${many.errorResponse?.name}`,
)
const isAsSeen = one.name === 'MongoServerSelectionError' && !isServers(one) && isServers(many) &&
  many.code === undefined && many.cause === undefined && many.errorLabels.length === 0 &&
  many.errorResponse?.name === 'MongoServerSelectionError'
process.exit(isAsSeen ? 0 : 1)
JS
node run.mjs && echo 'as described' || { echo 'changed'; exit 1; }
