#!/usr/bin/env bash
# next 16.4.6 (npm), Node.js 22 or later.
#
# At SIGTERM `next start` answers the requests under way and exits with 143, but not while a client
# holds a connection on which it has sent nothing yet. Browsers and load balancers open such ones in
# advance, so that the process lives on until it is killed: `server.close()` of Node.js closes
# connections that are idle after a request, never those that are idle before their first.
#
# Seen:
#   no connection         -> exit 143
#   an unused connection  -> still running after 10 s
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund next@16.4.6 react@19.3.1 react-dom@19.3.1 >/dev/null
mkdir -p app
cat > app/route.js <<'JS'
export const GET = () => new Response('hello')
JS
NEXT_TELEMETRY_DISABLED=1 npx next build >/dev/null
cat > run.mjs <<'JS'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

async function end(isConnected) {
  const command = ['node_modules/next/dist/bin/next', 'start', '-p', '0', '-H', '127.0.0.1']
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  let port
  for await (const line of createInterface(child.stdout)) {
    port = /http:\/\/\S+:(\d+)/.exec(line)?.[1]
    if (port !== undefined) break
  }
  await fetch(`http://127.0.0.1:${port}`).then((answer) => answer.text())
  const socket = isConnected ? connect(port, '127.0.0.1') : undefined
  if (socket) await once(socket, 'connect')
  child.kill('SIGTERM')
  const late = new Promise((resolve) => setTimeout(resolve, 10_000, 'still running after 10 s'))
  const seen = await Promise.race([exited.then(([code]) => `exit ${code}`), late])
  child.kill('SIGKILL')
  socket?.destroy()
  return seen
}

const [none, unused] = [await end(false), await end(true)]
console.log(`no connection         -> ${none}`)
console.log(`an unused connection  -> ${unused}`)
process.exit(none === 'exit 143' && unused === 'still running after 10 s' ? 0 : 1)
JS
node run.mjs && echo 'as described' || { echo 'changed'; exit 1; }
