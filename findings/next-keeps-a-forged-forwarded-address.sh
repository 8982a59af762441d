#!/usr/bin/env bash
# next 16.4.6 (npm), Node.js 22 or later.
#
# A route of Next.js sees no socket. Where a request has no `X-Forwarded-For`, Next.js adds the
# address of the connection; where the client wrote one, Next.js keeps that and adds nothing. Served
# without a proxy that replaces the header, whoever reads it for a rate limit believes the client.
#
# Seen:
#   no header                   -> 127.0.0.1
#   X-Forwarded-For: 192.0.2.1  -> 192.0.2.1
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund next@16.4.6 react@19.3.1 react-dom@19.3.1 >/dev/null
mkdir -p app
cat > app/route.js <<'JS'
export const GET = (request) => new Response(request.headers.get('x-forwarded-for'))
JS
NEXT_TELEMETRY_DISABLED=1 npx next build >/dev/null
cat > run.mjs <<'JS'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const command = ['node_modules/next/dist/bin/next', 'start', '-p', '0', '-H', '127.0.0.1']
const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] })
let url
for await (const line of createInterface(child.stdout)) {
  url = /http:\/\/\S+:\d+/.exec(line)?.[0]
  if (url !== undefined) break
}
const ask = async (headers) => (await fetch(url, { headers })).text()
const none = await ask({})
const forged = await ask({ 'X-Forwarded-For': '192.0.2.1' })
child.kill('SIGKILL')
console.log(`no header                   -> ${none}`)
console.log(`X-Forwarded-For: 192.0.2.1  -> ${forged}`)
process.exit(/127\.0\.0\.1$/.test(none) && forged === '192.0.2.1' ? 0 : 1)
JS
node run.mjs && echo 'as described' || { echo 'changed'; exit 1; }
