#!/usr/bin/env bash
# fastify 5.12.8 (npm), Node.js 20 or later.
#
# `request.signal` reads like the signal of a Fetch request, aborted when the client leaves. It
# listens to `close` of the incoming message, which Node.js emits as soon as a body was read: in a
# POST it is aborted while the client waits for its answer. Work that was given it is given up.
# `close` of `reply.raw` before `writableFinished` means that the client has left.
#
# Seen:
#   GET  -> aborted: false
#   POST -> aborted: true
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts fastify@5.12.8 >/dev/null
cat > run.mjs <<'JS'
import { setTimeout } from 'node:timers/promises'
import Fastify from 'fastify'
const app = Fastify()
const handler = async ({ signal }) => {
  await setTimeout(100)
  return { aborted: signal.aborted }
}
app.get('/', handler)
app.post('/', handler)
const url = await app.listen({ port: 0, host: '127.0.0.1' })
const headers = { 'content-type': 'application/json' }
const read = await (await fetch(url)).json()
const written = await (await fetch(url, { method: 'POST', headers, body: '{}' })).json()
await app.close()
console.log(`GET  -> aborted: ${read.aborted}`)
console.log(`POST -> aborted: ${written.aborted}`)
process.exit(!read.aborted && written.aborted ? 0 : 1)
JS
node run.mjs && echo 'as described' || { echo 'changed'; exit 1; }
