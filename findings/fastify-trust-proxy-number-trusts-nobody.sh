#!/usr/bin/env bash
# fastify 5.12.8 (npm), Node.js 20 or later.
#
# `trustProxy: 1`, the way to say "one proxy before us" in Fastify 4 and early 5 and in Express, is
# accepted without a word and trusts nobody: `request.ip` is the proxy's address, so that a rate
# limit by address counts all visitors as one. A function of the hop does what the number did.
#
# Seen:
#   trustProxy: 1                -> 127.0.0.1
#   trustProxy: (_, hop) => hop < 1 -> 192.0.2.1
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts fastify@5.12.8 >/dev/null
cat > run.mjs <<'JS'
import Fastify from 'fastify'
const seen = {}
for (const [name, trustProxy] of [['number', 1], ['function', (_address, hop) => hop < 1]]) {
  const app = Fastify({ trustProxy })
  app.get('/', async (request) => request.ip)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const headers = { 'X-Forwarded-For': '192.0.2.1' }
  seen[name] = await (await fetch(url, { headers })).text()
  await app.close()
}
console.log(`trustProxy: 1                -> ${seen.number}`)
console.log(`trustProxy: (_, hop) => hop < 1 -> ${seen.function}`)
process.exit(seen.number === '127.0.0.1' && seen.function === '192.0.2.1' ? 0 : 1)
JS
node run.mjs && echo 'as described' || { echo 'changed'; exit 1; }
