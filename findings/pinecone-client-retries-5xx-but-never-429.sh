#!/usr/bin/env bash
# @pinecone-database/pinecone 9.0.0 (npm), Node.js 20 or later. No network: a server on loopback.
#
# The client retries a 503 three times by itself, but passes a 429 on at the first one, and it reads
# Retry-After in neither case. A caller that adds a retry policy of its own for both multiplies the
# requests of an outage by four and leaves the throttled ones to chance.
#
# Seen:
#   503 with Retry-After: 5 -> 4 requests within 5 s, PineconeMaxRetriesExceededError
#   429 with Retry-After: 1 -> 1 request, error of status 429
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund @pinecone-database/pinecone@9.0.0 >/dev/null
cat > run.mjs <<'JS'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Pinecone } from '@pinecone-database/pinecone'

let status = 200
let requests = 0
const server = createServer((request, response) => {
  requests += 1
  request.resume()
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': status === 503 ? '5' : '1' })
  response.end(JSON.stringify({ code: 14, message: 'not now' }))
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const index = new Pinecone({ apiKey: 'key' }).index({ name: 'index', host: `http://127.0.0.1:${server.address().port}` })
const seen = {}
for (status of [503, 429]) {
  requests = 0
  const startedAt = Date.now()
  const error = await index.query({ vector: [1, 0], topK: 1 }).then(() => undefined, (error) => error)
  seen[status] = { requests, ms: Date.now() - startedAt, error: error?.name }
  console.log(`${status}: ${requests} requests, ${error?.name}`)
}
server.close()
server.closeAllConnections()
process.exit(seen[503].requests === 4 && seen[503].ms < 5_000 && seen[429].requests === 1 ? 0 : 1)
JS
node run.mjs && echo 'as described' || { echo 'changed'; exit 1; }
