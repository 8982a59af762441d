// What the command line costs who waits for it: its help against that of Prisma, and a diagnosis.
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { faultProxy } from '@headwater/testing'
import { median } from '../measure/alternate.ts'
import { bench } from '../measure/bench.ts'
import { build } from '../measure/build.ts'
import { say } from '../measure/say.ts'

const rounds = 11
const checkout = fileURLToPath(new URL('../..', import.meta.url))
const ours = path.join(checkout, 'packages/cli/dist/main.js')
const prisma = path.join(
  path.dirname(createRequire(import.meta.url).resolve('prisma/package.json')),
  'build/index.js',
)

await bench(async ({ postgres, redis }) => {
  say('building the packages')
  await build(checkout, ['core', 'cli'])
  const env = { HEADWATER_POSTGRES_URL: postgres.url, HEADWATER_REDIS_URL: redis.url }
  await timeOf([ours, 'migrate'], env)
  const proxy = await faultProxy(redis.url)
  proxy.hang()
  const hung = { ...env, HEADWATER_REDIS_URL: proxy.url }
  const times: Record<'help' | 'prisma' | 'doctor' | 'hung', number[]> = {
    ...{ help: [], prisma: [], doctor: [], hung: [] },
  }
  say(`each in processes of their own, ${rounds} rounds`)
  for (let round = 0; round < rounds; round += 1) {
    times.help.push(await timeOf([ours, '--help']))
    times.prisma.push(await timeOf([prisma, '--help']))
    times.doctor.push(await timeOf([ours, 'doctor'], env))
    times.hung.push(await timeOf([ours, 'doctor'], hung))
  }
  await proxy.close()
  const [helpMs, prismaMs] = [median(times.help), median(times.prisma)]
  return {
    helpVsPrisma: helpMs / prismaMs,
    helpMs,
    doctorMs: median(times.doctor),
    doctorHungMs: median(times.hung),
  }
})

/** The time from the start of a process to its end, whatever it found, in milliseconds. */
async function timeOf(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const startedMs = performance.now()
  await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } }).catch(
    (error: unknown) => {
      const { code } = error as { readonly code?: unknown }
      if (code !== 1) throw error
    },
  )
  return performance.now() - startedMs
}
