import { nearMembers, type Stores } from '@headwater/core'
import { bytes, counted } from '../terminal/words.ts'
import type { Findings } from './check.ts'
import { checkClock } from './clock-check.ts'
import type { Examiner } from './examine.ts'
import { fieldOf, infosOf, serversOf, versionIn } from './redis-infos.ts'
import { isAtLeast } from './versions.ts'

/** Examines Redis; of a cluster every master. */
export function redisExaminer(stores: Stores): Examiner {
  const { redis } = stores
  return {
    store: 'redis',
    greet: (deadlineMs) =>
      redis
        .run('info', (client) => infosOf(stores, client), { deadlineMs })
        .map(([info]) => versionIn(info ?? '')),
    look: async (findings) => {
      await findings.collect({
        server: checkServers(stores, findings),
        clock: checkTime(stores, findings),
        'near-members': checkMembers(stores, findings),
      })
    },
  }
}

async function checkServers(stores: Stores, findings: Findings): Promise<void> {
  const infos = await stores.redis.run('info', (client) => infosOf(stores, client))
  if (infos.isErr()) return findings.unanswered('server', infos.error.message)
  for (const info of infos.value) {
    if (info !== '') {
      checkServer(info, findings)
      continue
    }
    findings.fail(
      'info',
      'the user may not ask INFO: no entry of the cache is ever used',
      'ACL SETUSER … +info',
    )
  }
}

function checkServer(info: string, findings: Findings): void {
  if (isAtLeast(versionIn(info), '6.2')) findings.ok('version', 'supported')
  else findings.fail('version', 'older than Redis 6.2', 'upgrade the server')
  findings.ok('info', 'the server says which it is')
  checkPolicy(fieldOf(info, 'maxmemory_policy'), findings)
  const [used, limit] = [fieldOf(info, 'used_memory'), fieldOf(info, 'maxmemory')].map(Number)
  if (used === undefined || limit === undefined || !(limit > 0)) return
  const message = `${bytes(used)} of ${bytes(limit)} in use`
  if (used < 0.9 * limit) findings.ok('memory', message)
  else findings.warn('memory', message, 'raise maxmemory: writes are refused when it is full')
}

const evictionFix = 'CONFIG SET maxmemory-policy noeviction, with memory for cache and sessions'

function checkPolicy(policy: string | undefined, findings: Findings): void {
  if (policy === undefined) return findings.unknown('eviction', 'the server does not say')
  if (policy === 'noeviction') return findings.ok('eviction', policy)
  const message = `${policy} may evict the hold of a writer: a read could be older than a commit`
  if (policy === 'volatile-ttl') findings.fail('eviction', message, evictionFix)
  else findings.warn('eviction', message, evictionFix)
}

async function checkTime(stores: Stores, findings: Findings): Promise<void> {
  const { redis, clock } = stores
  const reading = await redis.run('time', async (client) => {
    const [server = client] = await serversOf(redis.client, client)
    const askedMs = clock.now()
    const [seconds, micros] = (await server.sendCommand(['TIME'])) as unknown as [string, string]
    const serverMs = Number(seconds) * 1_000 + Number(micros) / 1_000
    return { askedMs, answeredMs: clock.now(), serverMs }
  })
  if (reading.isOk()) checkClock(findings, reading.value)
  else findings.unknown('clock', reading.error.message)
}

async function checkMembers(stores: Stores, findings: Findings): Promise<void> {
  const found = await nearMembers(stores)
  if (found.isErr()) return findings.unknown('near-members', found.error.message)
  const members = found.value.map(
    (one) => `${counted(one.members, 'process', 'processes')} of ${one.cache}`,
  )
  findings.ok(
    'near-members',
    members.length === 0 ? 'no process keeps values near' : `values near in ${members.join(', ')}`,
  )
}
