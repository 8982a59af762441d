// node ask.mjs SCRIPT [ARGUMENT …]: starts a server, prints what it answers, and ends it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const env = { ...process.env, PORT: '0', HOSTNAME: '127.0.0.1' }
const stdio = ['ignore', 'pipe', 'inherit']
const server = spawn(process.execPath, process.argv.slice(2), { env, stdio })
const exited = once(server, 'exit')
try {
  for await (const line of createInterface(server.stdout)) {
    const [url] = /http:\/\/\S+:\d+/.exec(line) ?? []
    if (url === undefined) continue
    console.log(await (await fetch(url)).text())
    break
  }
} finally {
  server.kill('SIGKILL')
  await exited
}
