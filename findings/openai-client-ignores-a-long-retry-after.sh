#!/usr/bin/env bash
# openai 7.57.0 (npm), Node.js 20 or later. No network: a server on loopback.
#
# A 429 that asks for more than a minute is repeated sooner than one that asks for less: the client
# obeys Retry-After up to 60 s and, beyond that, throws it away and falls back to its own back-off of
# about half a second. A service that says "in two minutes" gets all of the retries within seconds.
#
# Seen:
#   Retry-After: 2   -> the second request after 2 s
#   Retry-After: 120 -> three requests within 5 s, then RateLimitError
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund openai@7.57.0 >/dev/null
cat > run.mjs <<'JS'
import { once } from 'node:events'
import { createServer } from 'node:http'
import OpenAI from 'openai'

let retryAfter = '2'
let at = []
const server = createServer((request, response) => {
  at.push(Date.now())
  request.resume()
  response.writeHead(429, { 'content-type': 'application/json', 'retry-after': retryAfter })
  response.end(JSON.stringify({ error: { message: 'slow down', type: 'rate_limit' } }))
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const baseURL = `http://127.0.0.1:${server.address().port}/v1`
const ask = async (maxRetries) => {
  at = []
  const error = await new OpenAI({ apiKey: 'key', baseURL, maxRetries }).embeddings
    .create({ model: 'm', input: 'text' })
    .then(() => undefined, (error) => error)
  return { error: error?.constructor.name, waits: at.slice(1).map((ms, i) => ms - at[i]) }
}
const short = await ask(1)
retryAfter = '120'
const long = await ask(2)
console.log(`Retry-After: 2 -> the second request after ${(short.waits[0] / 1_000).toFixed(1)} s`)
console.log(`Retry-After: 120 -> ${at.length} requests within ${((at.at(-1) - at[0]) / 1_000).toFixed(1)} s, ${long.error}`)
server.close()
server.closeAllConnections()
process.exit(short.waits[0] >= 1_900 && at.length === 3 && at.at(-1) - at[0] < 5_000 ? 0 : 1)
JS
node run.mjs && echo 'as described' || { echo 'changed'; exit 1; }
